"""Writing the audit log, blanking a person in it, and removing what is past its 400 days.

**Recorded**, once each and in the change's own transaction: what happens to a gift that alters its state or content, or
that somebody asked for; accounts and team; API keys issued, rotated, revoked; templates; uploads finished, refused,
taken back, expired; webhook endpoints, and deliveries that somebody asked for; jobs revived and forgotten; batches
called off.

**Not recorded**: reading (exports and the console record themselves); how far a film was watched below a quarter, mails
on their way and what SendGrid says of them while the gift stays as it is (its timeline and its mails tell); a render's
steps; when a key was last used; when a scheduled gift is looked at next; attempts at webhooks; an upload before it is
complete; rows that a sweep tidies away (done jobs, old deliveries, rate windows).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Model

from api.audit.changes import Changes, differences
from api.audit.doors import door_of, present
from api.audit.models import AuditEntry
from api.audit.redaction import MOST, is_secret, without_secrets
from api.audit.selectors import older_than
from giftflick.logs import request_id

__all__ = ["Change", "differences", "forget_words", "purge_old", "record", "record_each"]

KEPT_FOR = timedelta(days=400)
PURGED_AT_ONCE = 5000
FORGOTTEN = "(forgotten)"
WRITTEN_AT_ONCE = 1000


@dataclass(frozen=True)
class Change:
    """One row of a change to many."""

    subject: Model
    changes: Changes
    account_id: UUID | None = None


def record(
    action: str,
    *,
    now: datetime,
    actor: str = "",
    subject: Model | None = None,
    account_id: UUID | None = None,
    changes: Changes | None = None,
) -> AuditEntry:
    """Note a change in the transaction that makes it. Door, reason and, unless given, actor are those of `acting`."""
    entry = _entry(action, subject, account_id, changes or {}, actor=actor, now=now)
    entry.save(force_insert=True)
    return entry


def record_each(action: str, changed: Iterable[Change], *, now: datetime, actor: str = "") -> int:
    """An entry for each row that was changed with others; how many."""
    entries = [_entry(action, one.subject, one.account_id, one.changes, actor=actor, now=now) for one in changed]
    AuditEntry.objects.bulk_create(entries, batch_size=WRITTEN_AT_ONCE)
    return len(entries)


def forget_words(object_type: str, object_id: object, *, keep: Collection[str] = ()) -> int:
    """Blank what the log holds of a row: every value but those of the fields in `keep`, and the reasons.

    In the transaction that forgets the row itself; that somebody changed the field, and when, stays. How many entries.
    """
    entries = list(AuditEntry.objects.filter(object_id=str(object_id), object_type=object_type))
    for entry in entries:
        entry.changes = _blanked(entry.changes, keep)
        entry.why = entry.why and FORGOTTEN
    AuditEntry.objects.bulk_update(entries, ["changes", "why"], batch_size=100)
    return len(entries)


def purge_old(*, now: datetime) -> int:
    """Remove entries written 400 days ago, the oldest first and some at a time."""
    old = list(older_than(KEPT_FOR, now=now).values_list("pk", flat=True)[:PURGED_AT_ONCE])
    if old:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('giftflick.purges_audit', 'on', true)")  # what `audit_guard` asks for
            AuditEntry.objects.filter(pk__in=old).delete()
            cursor.execute("SELECT set_config('giftflick.purges_audit', '', true)")
    return len(old)


def _entry(
    action: str, subject: Model | None, account_id: UUID | None, changes: Changes, *, actor: str, now: datetime
) -> AuditEntry:
    acting = present()
    actor = actor or acting.actor
    return AuditEntry(
        at=now,
        door=acting.door or door_of(actor),
        actor=actor,
        action=action,
        object_type="" if subject is None else subject._meta.model_name or "",  # noqa: SLF001 - Django documents it
        object_id="" if subject is None else str(subject.pk),
        account_id=account_id,
        changes=_fit_to_keep(changes),
        why=without_secrets(acting.why),
        request_id=request_id.get(),
    )


def _fit_to_keep(changes: Changes) -> dict[str, list[Any]]:
    fit = {
        name: [] if is_secret(name) else [without_secrets(value) for value in values]
        for name, values in list(changes.items())[:MOST]
    }
    if len(changes) > MOST:
        fit["…"] = [None, f"{len(changes) - MOST} more"]
    return fit


def _blanked(changes: Changes, keep: Collection[str]) -> dict[str, list[Any]]:
    """A path may have names in it that are a shop's own words: its first step is ours."""
    blanked: dict[str, list[Any]] = {}
    for path, values in changes.items():
        name = path.partition(".")[0]
        blanked[name] = list(values) if path in keep else [FORGOTTEN] * len(values)
    return blanked
