"""Making a gift, changing what it holds, throwing a draft away."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import Account, OrderGate
from api.delivery.services import withdraw_queued
from api.exceptions import ForbiddenError, InvalidStateError, PreconditionFailedError
from api.gifts import auditing, lifecycle
from api.gifts.content import GiftContent, fill, filmed_content
from api.gifts.models import Gift, GiftMedia
from api.gifts.selectors import media_ids_of
from api.gifts.services.releasing import is_released, release_if_free, reschedule
from api.gifts.services.rendering import start_render
from api.gifts.states import EDITABLE, GiftStatus
from api.media.models import Upload
from api.templates.models import Template


def create_gift(
    account: Account,
    content: GiftContent,
    *,
    livemode: bool,
    actor: str,
    now: datetime,
    template: Template | None = None,
) -> Gift:
    """A draft. Raises InvalidFieldsError with all that is wrong beyond the types.

    `template` stands in for the content's, and need not be published: that is how one is looked at before it is.
    """
    gift = Gift(account=account, livemode=livemode, created_at=now, updated_at=now)
    if template is not None:
        gift.template = template
    gift.order_required = account.order_gate == OrderGate.ALWAYS
    with transaction.atomic():
        media = fill(gift, content, now=now) or []
        lifecycle.record_event(gift, "gift.created", actor=actor, now=now, data={"from": None, "to": gift.status})
        _attach(gift, media, known=(), actor=actor, now=now)
        gift.save(force_insert=True)
        auditing.record_creation(gift, [upload.pk for upload in media], actor=actor, now=now)
    return gift


def update_gift(
    gift_id: UUID,
    content: GiftContent,
    *,
    actor: str,
    now: datetime,
    may_lift_gates: bool,
    expected_version: int | None = None,
) -> Gift:
    """Change a gift as far as its state allows; what stands in the film makes a new one and clears the approval.

    Raises DeliveryInProgressError while its mail is on the way; a mail that was refused and waits is called back.
    """
    with transaction.atomic():
        gift = lifecycle.lock(gift_id)
        if expected_version is not None and expected_version != gift.version:
            raise PreconditionFailedError(f"This gift is at version {gift.version} by now.")
        _check_editable(gift, content)
        _check_gates(gift, content, may_lift_gates=may_lift_gates)
        withdraw_queued(gift.pk)
        known = media_ids_of(gift.pk)
        before = filmed_content(gift, known)
        media = fill(gift, content, now=now)
        if media is not None:
            _attach(gift, media, known=known, actor=actor, now=now)
        lifecycle.record_event(gift, "gift.updated", actor=actor, now=now, data={"fields": sorted(content)})
        shown = known if media is None else [upload.pk for upload in media]
        _follow_up(gift, is_other_film=filmed_content(gift, shown) != before, actor=actor, now=now)
        return lifecycle.save(gift, now=now, media=auditing.media_changes(known, shown))


def delete_draft(gift_id: UUID, *, actor: str, now: datetime) -> None:
    """A draft and its timeline; its uploads stay the account's."""
    with transaction.atomic():
        gift = lifecycle.lock(gift_id)
        if gift.status != GiftStatus.DRAFT:
            raise InvalidStateError(lifecycle.refusal(gift.status, "only a draft can be deleted: cancel it instead"))
        auditing.record_deletion(gift, actor=actor, now=now)
        gift.delete()


def _check_editable(gift: Gift, content: GiftContent) -> None:
    allowed = EDITABLE.get(GiftStatus(gift.status), frozenset())
    if not allowed:
        raise InvalidStateError(lifecycle.refusal(gift.status, "cannot be changed"))
    refused = sorted(set(content) - allowed)
    if refused:
        raise InvalidStateError(
            f"This gift is {gift.status}: {', '.join(refused)} cannot change now, only {', '.join(sorted(allowed))}."
        )


def _check_gates(gift: Gift, content: GiftContent, *, may_lift_gates: bool) -> None:
    """Who may not open a gate may not take it away either; and a released gift is not locked up again."""
    order, approval = content.get("order", {}), content.get("approval", {})
    lifts = (gift.order_required and order.get("required") is False) or (
        gift.approval_required and approval.get("required") is False
    )
    if lifts and not may_lift_gates:
        raise ForbiddenError("Taking a gate off a gift needs the scope orders:write.", code="missing_scope")
    if gift.status == GiftStatus.SCHEDULED and (
        ("order" in content and order.get("required", True) and gift.order_status != "paid")
        or ("approval" in content and approval.get("required", True) and gift.approved_at is None)
    ):
        raise InvalidStateError("This gift is scheduled: it is released already and cannot be gated any more.")


def _follow_up(gift: Gift, *, is_other_film: bool, actor: str, now: datetime) -> None:
    if gift.status not in {GiftStatus.READY, GiftStatus.SCHEDULED, GiftStatus.FAILED}:
        return
    if is_other_film:
        gift.approved_at = None
        start_render(gift, actor=actor, now=now)
    elif gift.status == GiftStatus.SCHEDULED and is_released(gift):
        reschedule(gift, now=now)
    else:
        release_if_free(gift, actor=actor, now=now)


def _attach(gift: Gift, media: Sequence[Upload], *, known: Sequence[UUID], actor: str, now: datetime) -> None:
    if known:
        GiftMedia.objects.filter(gift=gift).delete()
    GiftMedia.objects.bulk_create(
        GiftMedia(gift=gift, upload=upload, position=position) for position, upload in enumerate(media)
    )
    for upload in media:
        if upload.pk not in known:
            data = {"upload": str(upload.pk), "content_type": upload.content_type, "size": upload.size}
            lifecycle.record_event(gift, "upload.completed", actor=actor, now=now, data=data)
