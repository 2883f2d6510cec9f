"""`/v1/webhook-endpoints`: validate, call one service, answer."""

from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Scope
from api.exceptions import NotFoundError
from api.preconditions import expected_version
from api.serializers import NothingIn, validated
from api.viewsets import ApiViewSet
from api.webhooks import services
from api.webhooks.models import WebhookDelivery, WebhookEndpoint
from api.webhooks.selectors import deliveries_of, endpoints_for
from api.webhooks.serializers import DeliveryOut, EndpointIn, EndpointOut, EndpointWithSecretOut

NOT_THERE = "There is no delivery with this id."


class WebhookEndpointViewSet(mixins.RetrieveModelMixin, mixins.ListModelMixin, ApiViewSet):
    """Where a shop is told what happens to its gifts, and how that went."""

    lookup_value_converter = "uuid"
    serializer_class = EndpointOut
    required_scopes = dict.fromkeys(
        (
            "list",
            "retrieve",
            "create",
            "partial_update",
            "destroy",
            "rotate",
            "test",
            "deliveries",
            "redeliver",
        ),
        Scope.WEBHOOKS_WRITE,
    )
    calls_outside = frozenset({"create"})  # the URL's name is resolved
    replays_fresh = frozenset({"create", "rotate"})

    def get_queryset(self) -> QuerySet[WebhookEndpoint]:
        return endpoints_for(self.caller.account_id, livemode=self.caller.livemode)

    def create(self, request: Request) -> Response:
        body = validated(EndpointIn(data=request.data))
        endpoint = services.create_endpoint(
            self.caller.account_id, livemode=self.caller.livemode, now=timezone.now(), **body
        )
        return Response(EndpointWithSecretOut(endpoint).data, status=201)

    def partial_update(self, request: Request, pk: UUID) -> Response:
        endpoint = self._own(pk)
        endpoint = services.update_endpoint(
            endpoint.pk,
            validated(EndpointIn(data=request.data, partial=True)),
            now=timezone.now(),
            expected_version=expected_version(request, present=endpoint.version),
        )
        return Response(EndpointOut(endpoint).data)

    def destroy(self, request: Request, pk: UUID) -> Response:  # noqa: ARG002
        services.delete_endpoint(self._own(pk).pk, now=timezone.now())
        return Response(status=204)

    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, pk: UUID) -> Response:
        endpoint = self._own(pk)
        validated(NothingIn(data=request.data))
        endpoint = services.rotate_secret(endpoint.pk, now=timezone.now())
        return Response(EndpointWithSecretOut(endpoint).data)

    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: UUID) -> Response:
        endpoint = self._own(pk)
        validated(NothingIn(data=request.data))
        delivery = services.send_test(endpoint, now=timezone.now())
        return self._answer(delivery)

    @action(detail=True, methods=["get"], serializer_class=DeliveryOut)
    def deliveries(self, request: Request, pk: UUID) -> Response:  # noqa: ARG002
        page = self.paginate_queryset(deliveries_of(self._own(pk).pk))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @action(detail=True, methods=["post"], url_path="deliveries/<uuid:delivery>/redeliver")
    def redeliver(self, request: Request, pk: UUID, delivery: UUID) -> Response:
        wanted = deliveries_of(self._own(pk).pk).filter(pk=delivery).first()
        if wanted is None:
            raise NotFoundError(NOT_THERE)
        validated(NothingIn(data=request.data))
        return self._answer(services.redeliver(wanted, now=timezone.now()))

    def replay(self, request: Request, object_id: UUID) -> Response:  # noqa: ARG002
        """The endpoint as it is now; its secret was shown once."""
        return Response(EndpointOut(self._own(object_id)).data)

    def _own(self, pk: UUID) -> WebhookEndpoint:
        """The endpoint, if it is one of the caller's: somebody else's is 404 like one that never was."""
        endpoint = self.get_queryset().filter(pk=pk).first()
        if endpoint is None:
            raise NotFoundError("There is no webhook endpoint with this id.")
        return endpoint

    def _answer(self, delivery: WebhookDelivery) -> Response:
        found = deliveries_of(delivery.endpoint_id).filter(pk=delivery.pk).first()
        if found is None:  # its endpoint has just been deleted
            raise NotFoundError(NOT_THERE)
        return Response(DeliveryOut(found).data)
