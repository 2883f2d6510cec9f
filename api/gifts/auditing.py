"""What the audit log holds of a gift."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from api import actors
from api.audit import services as audit
from api.audit.changes import Changes, PendingEntry, differences, gone, made
from api.gifts.models import Gift

# Never changes, is never shown, or says only that or when something else happened.
BOOKKEEPING = frozenset(
    {
        "id", "account", "livemode", "token", "version", "created_at", "updated_at", "last_event_at", "due_at",
        "watched_percent",
    }
)  # fmt: skip
FIELDS = tuple(field for field in Gift._meta.concrete_fields if field.name not in BOOKKEEPING)  # noqa: SLF001
# What a person could be told by, or has written, is in none of these.
IMPERSONAL = frozenset(
    {
        "status", "template", "occasion", "media", "order_required", "order_status", "approval_required", "approved_at",
        "delivery", "deliver_at", "deliver_wall", "timezone", "render", "film", "submitted_at", "rendered_at",
        "sent_at", "watched_at", "expires_at", "canceled_at", "ended_at", "forgotten_at",
    }
)  # fmt: skip
# What time alone changes, and no event tells.
RESCHEDULED = "gift.rescheduled"
# Done by the recipient, told by the timeline, and no more than a second of watching each.
TOO_SMALL = frozenset({"video.progress"})


def begin(gift: Gift) -> None:
    """Remember how the gift stands. Its template is read already."""
    gift.pending_entry = PendingEntry(before=values_of(gift))


def note(gift: Gift, action: str, *, actor: str) -> None:
    """A change is called after the first thing that happens in it to the gift itself, else to one of its mails."""
    pending = gift.pending_entry
    if pending is not None and (not pending.action or (_is_of_mail(pending.action) and not _is_of_mail(action))):
        pending.action, pending.actor = action, actor


def record_change(gift: Gift, *, now: datetime, action: str = "", media: Changes | None = None) -> None:
    """The entry for what was done since `begin`, unless the system moved nothing but its own bookkeeping.

    `action` is for what its first event does not name.
    """
    pending = gift.pending_entry
    assert pending is not None, "lock the gift first"  # noqa: S101
    changes = {**differences(pending.before, values_of(gift)), **(media or {})}
    actor = pending.actor or actors.SYSTEM
    if changes or (actor not in actors.MACHINES and pending.action not in TOO_SMALL):
        action = action or pending.action or RESCHEDULED
        audit.record(action, now=now, actor=actor, subject=gift, account_id=gift.account_id, changes=changes)
    begin(gift)


def record_creation(gift: Gift, media: Sequence[UUID], *, actor: str, now: datetime) -> None:
    changes = made({**values_of(gift), "media": _texts(media)})
    audit.record("gift.created", now=now, actor=actor, subject=gift, account_id=gift.account_id, changes=changes)


def record_deletion(gift: Gift, *, actor: str, now: datetime) -> None:
    """With the gift goes what could remind of forgetting its people: nothing of them stays here either."""
    changes = gone({name: value for name, value in values_of(gift).items() if name in IMPERSONAL})
    audit.record("gift.deleted", now=now, actor=actor, subject=gift, account_id=gift.account_id, changes=changes)
    forget_people(gift)


def forget_people(gift: Gift) -> None:
    audit.forget_words("gift", gift.pk, keep=IMPERSONAL)


def media_changes(before: Sequence[UUID], after: Sequence[UUID]) -> Changes:
    return differences({"media": _texts(before)}, {"media": _texts(after)})


def values_of(gift: Gift) -> dict[str, Any]:
    """Plain copies, so that what is changed in place differs as well; a template by the name that people know."""
    values = {field.name: _plain(getattr(gift, field.attname)) for field in FIELDS}
    return {**values, "template": gift.template.slug}


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {name: _plain(inner) for name, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
        case str():
            return str(value)
    return value


def _texts(ids: Sequence[UUID]) -> list[str]:
    return [str(one) for one in ids]


def _is_of_mail(action: str) -> bool:
    return action.startswith("mail.")
