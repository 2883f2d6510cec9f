"""Taking in what senders upload: presigned parts, their joining, the verdict on the file, its removal.

The bucket is called outside any transaction. A row says what is meant before the bucket is asked, and what came of it
after, so that a crash in between leaves something to call again or to sweep.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from uuid6 import uuid7

from api.audit.services import record
from api.exceptions import BackendError, InvalidStateError, NotFoundError, RefusedMediaError
from api.media import bucket
from api.media.models import Upload
from api.media.mp4 import read_film
from api.media.parts import PART_SIZE, Receipt, match_receipts, missing_parts, part_lengths
from api.media.refusals import RefusedFileError
from api.media.states import UploadStatus, sources_of
from api.media.verification import verify_file

log = logging.getLogger(__name__)

FINISHED_WITHIN = timedelta(hours=24)
KEPT_FOR = timedelta(days=90)
URL_LIVES = timedelta(hours=1)
ISO_VIDEOS = frozenset({"video/mp4", "video/quicktime"})


@dataclass(frozen=True)
class SignedPart:
    """Where to PUT a part."""

    number: int
    url: str


def create_upload(
    account_id: UUID, *, livemode: bool, filename: str, content_type: str, size: int, now: datetime
) -> tuple[Upload, list[SignedPart]]:
    """The upload and a URL for each of its parts. When the bucket is away, nothing stays behind."""
    upload_id = uuid7()
    upload = Upload.objects.create(
        id=upload_id,
        account_id=account_id,
        livemode=livemode,
        filename=filename,
        content_type=content_type,
        size=size,
        key=f"uploads/{account_id}/{upload_id}",
        part_size=PART_SIZE,
        created_at=now,
        expires_at=now + FINISHED_WITHIN,
    )
    try:
        upload.multipart_id = bucket.start_multipart(upload.key, content_type=content_type)
        signed = _sign(upload, part_lengths(size, PART_SIZE))
    except BackendError:
        upload.delete()
        raise
    upload.save(update_fields=["multipart_id"])
    return upload, signed


def sign_missing_parts(upload: Upload, *, now: datetime) -> list[SignedPart]:
    """Fresh URLs for the parts that the bucket does not have yet; none when all are there."""
    _require_pending(upload, now)
    lengths = part_lengths(upload.size, upload.part_size)
    try:
        there = bucket.uploaded_parts(upload.key, upload.multipart_id)
    except bucket.NoMultipartError:
        _stored(upload)
        return []
    return _sign(upload, missing_parts(lengths, there))


def complete_upload(upload: Upload, *, receipts: Sequence[Receipt], now: datetime) -> Upload:
    """Join the parts, look at the file, and make the upload ready; a ready one stays as it is.

    May be called again after a crash or a BackendError, and by two at once. A file that is not what was declared is
    refused for good: RefusedMediaError, and its bytes are removed.
    """
    if upload.status == UploadStatus.READY:
        return upload
    _require_pending(upload, now)
    try:
        _join(upload, receipts)
        _verify(upload)
        duration_s = _duration(upload)
    except RefusedFileError as refusal:
        return _refuse(upload, refusal, now=now)
    ready = {"completed_at": now, "expires_at": now + KEPT_FOR, "duration_s": duration_s}
    _move(upload, UploadStatus.READY, "upload.completed", now=now, **ready)
    return _require_ready(upload)


def delete_upload(upload: Upload, *, now: datetime) -> None:
    """Take an upload back, with its bytes; one that a gift uses stays.

    Once the row says `deleted` nobody sees the upload any more. If the bucket is away then, the sweep does the rest.
    """
    with transaction.atomic():
        locked = Upload.objects.select_for_update().filter(pk=upload.pk).first()
        if locked is None:
            raise NotFoundError("This upload is not there any more.")
        if locked.gifts.exists():
            raise InvalidStateError("A gift uses this upload.", code="in_use")
        _move(upload, UploadStatus.DELETED, "upload.deleted", now=now)
    _remove_now_or_in_the_sweep(upload, now=now)


def remove_bytes(upload: Upload, *, now: datetime) -> None:
    """Empty the bucket of an upload that is over, then say so: a deleted one's row goes, another's is dated."""
    if upload.multipart_id:
        bucket.abort_multipart(upload.key, upload.multipart_id)
    bucket.delete(upload.key)  # after the abort: a join that was under way has then ended one way or the other
    row = Upload.objects.filter(pk=upload.pk)
    if upload.status == UploadStatus.DELETED:
        row.delete()
    else:
        row.update(removed_at=now)


def _sign(upload: Upload, lengths: Mapping[int, int]) -> list[SignedPart]:
    return [
        SignedPart(
            number=number,
            url=bucket.presigned_part(upload.key, upload.multipart_id, number, length=length, expires_in=URL_LIVES),
        )
        for number, length in lengths.items()
    ]


def _join(upload: Upload, receipts: Sequence[Receipt]) -> None:
    """Does nothing if an earlier call joined the parts and ended before it could say so."""
    lengths = part_lengths(upload.size, upload.part_size)
    try:
        there = bucket.uploaded_parts(upload.key, upload.multipart_id)
        bucket.complete_multipart(upload.key, upload.multipart_id, match_receipts(receipts, lengths, there))
    except bucket.NoMultipartError:
        return
    except bucket.PartsRefusedError as error:
        raise RefusedFileError("wrong_etag", "The parts in the bucket are not the ones that were named.") from error


def _verify(upload: Upload) -> None:
    if _stored(upload).size != upload.size:
        raise RefusedFileError("wrong_size", f"The file does not have the {upload.size} bytes it was declared with.")
    try:
        verify_file(upload.content_type, upload.size, partial(bucket.read_range, upload.key))
    except bucket.NoObjectError as error:
        raise _parts_are_gone() from error


def _duration(upload: Upload) -> float | None:
    """How long a film clip plays, in seconds; None where its header does not say."""
    if upload.content_type not in ISO_VIDEOS:
        return None
    try:
        return read_film(upload.key, upload.size).duration_s
    except ValueError:  # verified already, so all it lacks is a length: live recordings do
        return None


def _stored(upload: Upload) -> bucket.StoredObject:
    """The joined file; asked for when its parts are no longer there."""
    stored = bucket.look_at(upload.key)
    if stored is None:
        raise _parts_are_gone()
    return stored


def _parts_are_gone() -> InvalidStateError:
    return InvalidStateError("What was uploaded is no longer there; start a new upload.")


def _refuse(upload: Upload, refusal: RefusedFileError, *, now: datetime) -> Upload:
    """Unless another call made the upload ready first."""
    failure = {"code": refusal.code, "detail": refusal.detail}
    if not _move(upload, UploadStatus.REFUSED, "upload.refused", now=now, failure=failure):
        return _require_ready(upload)
    _remove_now_or_in_the_sweep(upload, now=now)
    raise RefusedMediaError(refusal.detail, code=refusal.code) from refusal


def _remove_now_or_in_the_sweep(upload: Upload, *, now: datetime) -> None:
    try:
        remove_bytes(upload, now=now)
    except BackendError as error:
        log.warning("bytes left for the sweep", extra={"upload": str(upload.pk), "code": error.code})


def _move(upload: Upload, target: UploadStatus, action: str, *, now: datetime, **changes: Any) -> bool:
    """Whether this call made the move; `upload` then shows how the row stands."""
    with transaction.atomic():
        row = Upload.objects.select_for_update(no_key=True).filter(pk=upload.pk, status__in=sources_of(target))
        source = row.values_list("status", flat=True).first()
        if source is not None:
            Upload.objects.filter(pk=upload.pk).update(status=target, **changes)
            told = {"status": [source, target], **{name: [None, value] for name, value in changes.items()}}
            record(action, now=now, subject=upload, account_id=upload.account_id, changes=told)
    try:
        upload.refresh_from_db()
    except Upload.DoesNotExist as error:
        raise NotFoundError("This upload is not there any more.") from error
    return source is not None


def _require_pending(upload: Upload, now: datetime) -> None:
    if upload.status != UploadStatus.PENDING:
        raise InvalidStateError(f"The upload is {upload.status}; only a pending one takes parts.")
    if now >= upload.expires_at or not upload.multipart_id:
        raise InvalidStateError("The upload is expired; start a new one.")


def _require_ready(upload: Upload) -> Upload:
    if upload.status != UploadStatus.READY:
        raise InvalidStateError(f"The upload is {upload.status}.")
    return upload
