"""The gifts' endpoints: validate, call one service, answer."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Account, Scope
from api.exceptions import NotFoundError
from api.gifts import selectors, services
from api.gifts.filters import GiftPagination, filter_gifts
from api.gifts.serializers import EventOut, GiftIn, GiftOut, OrderUpdateIn, RenderOut
from api.gifts.states import OrderStatus
from api.pagination import NewestFirstPagination
from api.preconditions import expected_version
from api.serializers import NothingIn, validated
from api.viewsets import ApiViewSet

NOT_THERE = "There is no gift with this id."


class TimelinePagination(NewestFirstPagination):
    ordering = "-at"


class GiftViewSet(mixins.RetrieveModelMixin, ApiViewSet):
    """`/v1/gifts`."""

    lookup_value_converter = "uuid"
    serializer_class = GiftOut
    pagination_class = GiftPagination
    required_scopes = {
        "list": Scope.GIFTS_READ,
        "retrieve": Scope.GIFTS_READ,
        "events": Scope.GIFTS_READ,
        "renders": Scope.GIFTS_READ,
        "create": Scope.GIFTS_WRITE,
        "partial_update": Scope.GIFTS_WRITE,
        "destroy": Scope.GIFTS_WRITE,
        "submit": Scope.GIFTS_WRITE,
        "render": Scope.GIFTS_WRITE,
        "approve": Scope.ORDERS_WRITE,
        "order": Scope.ORDERS_WRITE,
        "cancel": Scope.ORDERS_WRITE,
        "resend": Scope.ORDERS_WRITE,
    }

    def get_queryset(self) -> Any:
        return selectors.with_details(selectors.gifts_for(self.caller.account_id, livemode=self.caller.livemode))

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "now": timezone.now()}

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(filter_gifts(self.get_queryset(), request))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def create(self, request: Request) -> Response:
        content = validated(GiftIn(data=request.data))
        account = Account.objects.get(pk=self.caller.account_id)
        gift = services.create_gift(
            account,
            content,
            livemode=self.caller.livemode,
            actor=self.actor,
            now=timezone.now(),
        )
        return self._answer(gift.pk, status=201)

    def partial_update(self, request: Request, pk: UUID) -> Response:
        present = self._own_version(pk)
        services.update_gift(
            pk,
            validated(GiftIn(data=request.data, partial=True)),
            actor=self.actor,
            now=timezone.now(),
            may_lift_gates=Scope.ORDERS_WRITE in self.caller.scopes,
            expected_version=expected_version(request, present=present),
        )
        return self._answer(pk)

    def replay(self, request: Request, object_id: UUID) -> Response:  # noqa: ARG002
        """Of a gift that was erased since, the first answer is not kept."""
        return self._answer(object_id)

    def destroy(self, request: Request, pk: UUID) -> Response:  # noqa: ARG002
        services.delete_draft(self._own(pk), actor=self.actor, now=timezone.now())
        return Response(status=204)

    @action(detail=True, methods=["post"])
    def submit(self, request: Request, pk: UUID) -> Response:
        return self._act(request, pk, services.submit_gift)

    @action(detail=True, methods=["post"])
    def render(self, request: Request, pk: UUID) -> Response:
        return self._act(request, pk, services.render_again)

    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: UUID) -> Response:
        return self._act(request, pk, services.approve_gift)

    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: UUID) -> Response:
        return self._act(request, pk, services.cancel_gift)

    @action(detail=True, methods=["post"])
    def resend(self, request: Request, pk: UUID) -> Response:
        return self._act(request, pk, services.resend_gift)

    @action(detail=True, methods=["post"])
    def order(self, request: Request, pk: UUID) -> Response:
        gift_id = self._own(pk)
        update = validated(OrderUpdateIn(data=request.data))
        services.set_order(
            gift_id,
            status=OrderStatus(update["status"]),
            reference=update["reference"],
            actor=self.actor,
            now=timezone.now(),
        )
        return self._answer(gift_id)

    @action(detail=True, methods=["get"], pagination_class=TimelinePagination)
    def events(self, request: Request, pk: UUID) -> Response:  # noqa: ARG002
        return self._page(selectors.events_of(self._own(pk)), EventOut)

    @action(detail=True, methods=["get"], pagination_class=NewestFirstPagination)
    def renders(self, request: Request, pk: UUID) -> Response:  # noqa: ARG002
        return self._page(selectors.renders_of(self._own(pk)), RenderOut)

    def _page(self, rows: QuerySet[Any], serializer: Any) -> Response:
        assert self.paginator is not None  # noqa: S101 - each action names one
        page = self.paginator.paginate_queryset(rows, self.request, view=self)
        return self.get_paginated_response(serializer(page, many=True).data)

    def _own(self, pk: UUID) -> UUID:
        """The id, if it is one of the caller's gifts: somebody else's is 404 like one that never was."""
        self._own_version(pk)
        return pk

    def _own_version(self, pk: UUID) -> int:
        own = selectors.gifts_for(self.caller.account_id, livemode=self.caller.livemode)
        version = own.filter(pk=pk).values_list("version", flat=True).first()
        if version is None:
            raise NotFoundError(NOT_THERE)
        return version

    def _act(self, request: Request, pk: UUID, service: Any) -> Response:
        gift_id = self._own(pk)
        validated(NothingIn(data=request.data))
        service(gift_id, actor=self.actor, now=timezone.now())
        return self._answer(gift_id)

    def _answer(self, gift_id: UUID, *, status: int = 200) -> Response:
        gift = self.get_queryset().filter(pk=gift_id).first()
        if gift is None:  # a draft that somebody else has just deleted
            raise NotFoundError(NOT_THERE)
        return Response(self.get_serializer(gift).data, status=status)
