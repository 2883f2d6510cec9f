"""`/v1/uploads`."""

from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Scope
from api.media import services
from api.media.models import Upload
from api.media.parts import Receipt
from api.media.selectors import uploads_for
from api.media.serializers import (
    CompletionSerializer,
    NewUploadSerializer,
    OpenUploadSerializer,
    UploadSerializer,
)
from api.media.states import UploadStatus
from api.serializers import StrictSerializer
from api.viewsets import ApiViewSet


class UploadViewSet(ApiViewSet):
    """A sender's file on its way into the bucket; no byte of it passes through here."""

    lookup_value_converter = "uuid"
    serializer_class = UploadSerializer
    required_scopes = dict.fromkeys(("create", "retrieve", "destroy", "parts", "complete"), Scope.UPLOADS_WRITE)
    calls_outside = frozenset({"create", "parts", "complete"})
    replays_fresh = frozenset({"create", "parts"})

    def get_queryset(self) -> QuerySet[Upload]:
        return uploads_for(self.caller.account_id, livemode=self.caller.livemode)

    def create(self, request: Request) -> Response:
        body = NewUploadSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        upload, signed = services.create_upload(
            self.caller.account_id, livemode=self.caller.livemode, now=timezone.now(), **body.validated_data
        )
        data = OpenUploadSerializer(upload, context={"signed": signed}).data
        return Response(data, status=status.HTTP_201_CREATED)

    def replay(self, request: Request, object_id: UUID) -> Response:  # noqa: ARG002
        """With fresh URLs for the parts still missing; none are once the upload is no longer waiting."""
        upload = get_object_or_404(self.get_queryset(), pk=object_id)
        now = timezone.now()
        is_open = upload.status == UploadStatus.PENDING and now < upload.expires_at
        signed = services.sign_missing_parts(upload, now=now) if is_open else []
        return Response(OpenUploadSerializer(upload, context={"signed": signed}).data)

    def retrieve(self, request: Request, pk: UUID) -> Response:  # noqa: ARG002
        return Response(UploadSerializer(self.get_object()).data)

    def destroy(self, request: Request, pk: UUID) -> Response:  # noqa: ARG002
        services.delete_upload(self.get_object(), now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @action(detail=True, methods=["post"])
    def parts(self, request: Request, pk: UUID) -> Response:  # noqa: ARG002
        StrictSerializer(data=request.data).is_valid(raise_exception=True)
        upload = self.get_object()
        signed = services.sign_missing_parts(upload, now=timezone.now())
        return Response(OpenUploadSerializer(upload, context={"signed": signed}).data)

    @action(detail=True, methods=["post"])
    def complete(self, request: Request, pk: UUID) -> Response:  # noqa: ARG002
        upload = self.get_object()
        body = CompletionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        receipts = [Receipt(**part) for part in body.validated_data["parts"]]
        upload = services.complete_upload(upload, receipts=receipts, now=timezone.now())
        return Response(UploadSerializer(upload).data)
