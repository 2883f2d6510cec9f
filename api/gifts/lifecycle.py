"""Moving a gift along its edges, writing its timeline and its audit entry: nothing else sets a status."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from api.audit.changes import Changes
from api.exceptions import InvalidStateError, NotFoundError
from api.gifts import auditing
from api.gifts.models import Gift, GiftEvent
from api.gifts.states import EDGES, GiftStatus
from api.webhooks.services import announce

CHANGED = "The gift was changed by another call at the same time; read it again."


class IllegalTransition(InvalidStateError):  # noqa: N818 - it is an InvalidStateError
    """There is no such edge."""


class StateConflict(InvalidStateError):  # noqa: N818 - it is an InvalidStateError
    """Another caller moved the gift first."""


def lock(gift_id: UUID) -> Gift:
    """The gift's row, locked until the transaction ends. Raises NotFoundError if it was deleted meanwhile.

    Read once it is locked: of a row that had to be waited for PostgreSQL looks again at the row alone, and would join
    it to the template and film that it had before.
    """
    if not Gift.objects.select_for_update().filter(pk=gift_id).values_list("pk"):
        raise NotFoundError("There is no gift with this id.")
    gift = Gift.objects.select_related("account", "template", "film").get(pk=gift_id)
    auditing.begin(gift)
    return gift


@contextmanager
def unchanged(gift_id: UUID, *, version: int) -> Iterator[Gift]:
    """What is done within is done to the gift as it was read, all of it or nothing. Raises StateConflict if it is
    not at this version any more.
    """
    with transaction.atomic():
        gift = lock(gift_id)
        if gift.version != version:
            raise StateConflict(CHANGED)
        yield gift


def move_to(gift: Gift, target: GiftStatus, *, actor: str, now: datetime, data: dict[str, Any] | None = None) -> bool:
    """Move a gift and write the timeline's row for it, within the caller's transaction; False if it is there already.

    What else is set on `gift` is saved by `save`, not here. Raises IllegalTransition, or StateConflict if the row is no
    longer in the state that `gift` was read in.
    """
    source = GiftStatus(gift.status)
    if source == target:
        return False
    if target not in EDGES[source]:
        raise IllegalTransition(refusal(source, f"cannot become {target}"))
    stamped = _stamp(gift, target, now)
    if not Gift.objects.filter(pk=gift.pk, status=source).update(status=target, **stamped):
        raise StateConflict(CHANGED)
    gift.status = target
    for name, value in stamped.items():
        setattr(gift, name, value)
    record_event(gift, f"gift.{target}", actor=actor, now=now, data={"from": source, "to": target, **(data or {})})
    return True


def record_event(gift: Gift, kind: str, *, actor: str, now: datetime, data: dict[str, Any] | None = None) -> GiftEvent:
    """Add to the timeline, and announce it to the shop's webhooks; of two things at one time, the later one is a
    microsecond later.

    The caller holds the gift's lock and saves the gift after.
    """
    at = now if gift.last_event_at is None else max(now, gift.last_event_at + timedelta(microseconds=1))
    gift.last_event_at = at
    event = GiftEvent.objects.create(gift=gift, type=kind, at=at, actor=actor, data=data or {})
    auditing.note(gift, kind, actor=actor)
    announce(
        event_id=event.pk,
        kind=kind,
        account_id=gift.account_id,
        livemode=gift.livemode,
        gift_id=gift.pk,
        data={
            **{name: event.data[name] for name in ("from", "to") if name in event.data},
            "order_reference": gift.order_reference or None,
            "metadata": gift.metadata,
        },
        now=at,
    )
    return event


def save(gift: Gift, *, now: datetime, action: str = "", media: Changes | None = None) -> Gift:
    """Write a locked gift back: one version more, and one entry in the audit log.

    That is named after the first event, or `action`, and holds all that differs since `lock`; `media` is told apart.
    """
    gift.version += 1
    gift.updated_at = now
    gift.save()
    auditing.record_change(gift, now=now, action=action, media=media)
    return gift


def refusal(state: str, what: str) -> str:
    """The sentence for a 409: the state, what was asked, and what is possible."""
    allowed = ", ".join(sorted(EDGES[GiftStatus(state)])) or "nothing: it is over"
    return f"This gift is {state} and {what}. From here it can become: {allowed}."


def _stamp(gift: Gift, target: GiftStatus, now: datetime) -> dict[str, Any]:
    """What a state's arrival sets, so that the database's constraints hold in the same statement."""
    match target:
        case GiftStatus.SENT:
            return {"sent_at": gift.sent_at or now}
        case GiftStatus.WATCHED:
            return {"watched_at": gift.watched_at or now}
        case GiftStatus.CANCELED:
            return {"canceled_at": now, "ended_at": now}
        case GiftStatus.EXPIRED:
            return {"ended_at": now}
        case GiftStatus.READY:
            return {"film": gift.film}
        case GiftStatus.SCHEDULED:
            return {
                "order_required": gift.order_required,
                "order_status": gift.order_status,
                "approval_required": gift.approval_required,
                "approved_at": gift.approved_at,
            }
    return {}
