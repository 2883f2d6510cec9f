"""Removing what senders left unfinished, what is past its time, and what a crash left in the bucket."""

import logging
from datetime import datetime

from django.db import transaction

from api.audit.services import Change, record_each
from api.exceptions import BackendError
from api.media.models import Upload
from api.media.services import remove_bytes
from api.media.states import OVER, UploadStatus

log = logging.getLogger(__name__)


def sweep_unfinished(now: datetime, limit: int = 200) -> int:
    """Expire uploads not finished in time; returns how many were rid of their bytes.

    Also finishes removals that a crash or an absent bucket cut short. Two at once do the same thing twice at worst.
    """
    _expire(UploadStatus.PENDING, now, limit)
    return _remove_leftovers(now, limit)


def sweep_old(now: datetime, limit: int = 200) -> int:
    """Expire uploads that have been ready for 90 days; returns how many were rid of their bytes."""
    _expire(UploadStatus.READY, now, limit)
    return _remove_leftovers(now, limit)


def _expire(status: UploadStatus, now: datetime, limit: int) -> None:
    """What another sweep or a call holds at this moment waits for the next one."""
    due = Upload.objects.filter(status=status, expires_at__lte=now).order_by("expires_at")
    with transaction.atomic():
        uploads = list(due.select_for_update(skip_locked=True)[:limit])
        if uploads:
            Upload.objects.filter(pk__in=[upload.pk for upload in uploads]).update(status=UploadStatus.EXPIRED)
            changes = {"status": [status, UploadStatus.EXPIRED]}
            record_each("upload.expired", (Change(one, changes, one.account_id) for one in uploads), now=now)


def _remove_leftovers(now: datetime, limit: int) -> int:
    """Stops where the bucket is away; the next sweep goes on there."""
    leftovers = Upload.objects.filter(status__in=OVER, removed_at=None).order_by("id")[:limit]
    removed = 0
    for upload in leftovers:
        try:
            remove_bytes(upload, now=now)
        except BackendError as error:
            log.warning("the bucket is away, uploads are swept later", extra={"code": error.code})
            break
        removed += 1
    return removed
