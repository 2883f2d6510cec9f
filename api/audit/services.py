"""Writing the audit log."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Model

from api.audit.doors import door_of, present
from api.audit.models import AuditEntry
from giftflick.logs import request_id

Changes = Mapping[str, Sequence[Any]]  # field -> before, after


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
    acting = present()
    actor = actor or acting.actor
    return AuditEntry.objects.create(
        at=now,
        door=acting.door or door_of(actor),
        actor=actor,
        action=action,
        object_type="" if subject is None else subject._meta.model_name or "",  # noqa: SLF001 - Django documents it
        object_id="" if subject is None else str(subject.pk),
        account_id=account_id,
        changes={field: list(values) for field, values in (changes or {}).items()},
        why=acting.why,
        request_id=request_id.get(),
    )


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What differs, as `changes` wants it; a name that one side lacks was, or is, None there."""
    names = [*before, *(name for name in after if name not in before)]
    return {name: [before.get(name), after.get(name)] for name in names if before.get(name) != after.get(name)}
