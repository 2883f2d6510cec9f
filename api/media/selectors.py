"""Reading uploads."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import QuerySet

from api.media.models import Upload
from api.media.states import UploadStatus


def uploads_for(account_id: UUID, *, livemode: bool) -> QuerySet[Upload]:
    """The account's uploads in one mode, without those it deleted."""
    return Upload.objects.filter(account_id=account_id, livemode=livemode).exclude(status=UploadStatus.DELETED)


def ready_uploads(account_id: UUID, *, livemode: bool, ids: Sequence[UUID]) -> dict[UUID, Upload]:
    """Those of `ids` that may be put into a gift.

    Call it in the transaction that attaches them: the rows stay locked, so that none can be deleted in between.
    """
    ready = uploads_for(account_id, livemode=livemode).filter(pk__in=ids, status=UploadStatus.READY)
    return {upload.pk: upload for upload in ready.order_by("id").select_for_update(no_key=True)}
