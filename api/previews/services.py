"""Ordering a film of a template. Nothing of it is new: a test gift goes through the services that every gift goes
through, to the renderer's sandbox, and its mails are recorded and never leave.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from uuid6 import uuid7

from accounts.models import Account, OrderGate
from api.gifts.content import GiftContent
from api.gifts.models import Gift
from api.gifts.services import create_gift, submit_gift
from api.gifts.states import GiftStatus
from api.media import bucket
from api.media.models import Upload
from api.media.services import KEPT_FOR
from api.media.states import UploadStatus
from api.previews.selectors import SAMPLES, is_of_this_version, newest_preview
from api.templates.models import Template
from api.templates.services import DEFINITIONS, lock_template

NAME = "Giftflick samples"
ADDRESS = "samples@example.com"
MESSAGE = "Happy birthday! I hope this year brings you many good surprises, and that we see each other soon."
AT_LEAST = timedelta(days=1)  # a picture must outlive its film's making


def order_preview(template_id: UUID, *, actor: str, now: datetime) -> Gift:
    """A sample gift that is being rendered; the one that is being made already, if it is of this version.

    Raises BackendError where the samples' pictures cannot be put into the bucket.
    """
    account = _account()
    pictures = [picture.pk for picture in _pictures(account, now=now)]
    with transaction.atomic():
        template = lock_template(template_id)  # of two orders at once the second finds the first's
        preview = newest_preview(template)
        if preview is not None and preview.status == GiftStatus.RENDERING and is_of_this_version(preview, template):
            return preview
        content = sample_content(template, pictures)
        gift = create_gift(account, content, livemode=False, actor=actor, now=now, template=template)
        return submit_gift(gift.pk, actor=actor, now=now)


def sample_content(template: Template, media: Sequence[UUID]) -> GiftContent:
    """Sample names, and in each field that must be filled in its default, or else its label."""
    required = [field for field in template.fields if field["required"]]
    return {
        "sender": {"name": "Ana", "email": ADDRESS},
        "recipient": {"name": "Ben"},
        "message": MESSAGE,
        "fields": {field["name"]: (field["default"] or field["label"])[: field["max_length"]] for field in required},
        "product": {"name": "Espresso set", "price": {"amount": "49.00", "currency": "AUD"}},
        "media": list(media),
        "delivery": "link",
    }


def _account() -> Account:
    """Every gift of it waits for an order that never comes: a preview is never sent to anybody."""
    account, _ = Account.objects.get_or_create(
        pk=SAMPLES, defaults={"name": NAME, "email": ADDRESS, "order_gate": OrderGate.ALWAYS}
    )
    return account


def _pictures(account: Account, *, now: datetime) -> list[Upload]:
    """The samples' photos; put into the bucket, outside any transaction, where they are not there any more."""
    files = sorted(DEFINITIONS.glob("*-preview.jpg"))
    ready = Upload.objects.filter(account=account, status=UploadStatus.READY, expires_at__gt=now + AT_LEAST)
    known = {picture.filename: picture for picture in ready}
    return [known.get(file.name) or _put(account, file, now=now) for file in files]


def _put(account: Account, file: Path, *, now: datetime) -> Upload:
    content, upload_id = file.read_bytes(), uuid7()
    with bucket.translated("put_object"):
        key = default_storage.save(f"uploads/{account.pk}/{upload_id}", ContentFile(content))
    return Upload.objects.create(
        id=upload_id,
        account=account,
        livemode=False,
        status=UploadStatus.READY,
        filename=file.name,
        content_type="image/jpeg",
        size=len(content),
        key=key,
        part_size=len(content),
        created_at=now,
        completed_at=now,
        expires_at=now + KEPT_FOR,
    )
