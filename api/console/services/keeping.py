"""Questions that somebody keeps, for themselves or for all, and those that Giftflick comes with."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.models import User
from api import actors
from api.audit.services import differences, record
from api.console.models import LONGEST_DESCRIPTION, LONGEST_NAME, SavedQuery
from api.console.questions import read_questions
from api.console.statements import LONGEST, without_keys
from api.exceptions import ApplicationError, ForbiddenError, NotFoundError, PreconditionFailedError

WORDS = frozenset({"name", "description", "sql"})
CHANGED = "Somebody else changed this question in the meantime. Nothing was overwritten: open it anew, or save a copy."


@dataclass(frozen=True)
class Draft:
    """A question as somebody would keep it."""

    name: str
    sql: str
    description: str = ""
    is_shared: bool = False
    needs_pii: bool = False


def may_change(question: SavedQuery, user: User) -> bool:
    """One's own; a shared one is a founder's to change, too."""
    return question.owner_id == user.pk or (question.is_shared and user.has_perm("api.change_savedquery"))


def may_delete(question: SavedQuery, user: User) -> bool:
    """Those that Giftflick comes with would be back with the next release."""
    return question.seed is None and may_change(question, user)


def save_question(
    user: User, draft: Draft, *, question: SavedQuery | None = None, version: int = 0, now: datetime
) -> SavedQuery:
    """Keep a new one, or change one of which `version` was read. Raises ApplicationError."""
    _insist(draft)
    fields = _fields(draft)
    actor = actors.staff(user.get_username())
    with transaction.atomic():
        if question is None:
            kept = SavedQuery.objects.create(**fields, owner=user, created_at=now, updated_at=now)
            record("question.kept", now=now, actor=actor, subject=kept, changes=_noted({}, fields))
            return kept
        try:
            kept = SavedQuery.objects.select_for_update().get(pk=question.pk)
        except SavedQuery.DoesNotExist:
            raise NotFoundError("Somebody deleted this question in the meantime: save a copy.") from None
        if not may_change(kept, user):
            raise ForbiddenError("This question is somebody else's: save a copy of your own.")
        if kept.version != version:
            raise PreconditionFailedError(CHANGED)
        fields["is_shared"] = draft.is_shared or kept.seed is not None  # with no owner, nobody would see it again
        changes = _noted({name: getattr(kept, name) for name in fields}, fields)
        changes["version"] = [version, version + 1]
        SavedQuery.objects.filter(pk=kept.pk).update(**fields, version=version + 1, updated_at=now)
        record("question.changed", now=now, actor=actor, subject=kept, changes=changes)
    kept.refresh_from_db()
    return kept


def delete_question(user: User, question: SavedQuery, *, now: datetime) -> None:
    """What was asked with it stays in the log. Raises ForbiddenError."""
    if not may_delete(question, user):
        raise ForbiddenError("This question is somebody else's, or comes with Giftflick: it stays.")
    with transaction.atomic():
        actor = actors.staff(user.get_username())
        before = {"name": question.name, "is_shared": question.is_shared}
        record("question.deleted", now=now, actor=actor, subject=question, changes=_noted(before, {}))
        question.delete()


def seed_questions(*, now: datetime) -> int:
    """Bring in those that Giftflick comes with, and their new versions; how many there are.

    One that a founder has changed stays as it is, and so does one that was not brought in anew since.
    """
    questions = read_questions()
    for seed, draft in questions.items():
        fields = _fields(Draft(**draft))
        kept, is_new = SavedQuery.objects.get_or_create(
            seed=seed, defaults={**fields, "created_at": now, "updated_at": now}
        )
        if not is_new and kept.version == 1 and differences({name: getattr(kept, name) for name in fields}, fields):
            SavedQuery.objects.filter(pk=kept.pk, version=1).update(**fields, updated_at=now)
    return len(questions)


def _fields(draft: Draft) -> dict[str, object]:
    return {
        "name": draft.name.strip(),
        "description": draft.description.strip(),
        "sql": draft.sql.strip(),
        "is_shared": draft.is_shared,
        "needs_pii": draft.needs_pii,
    }


def _noted(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, list[object]]:
    """For the audit log, which more people read and which no erasure of a person goes over: of words only that they
    changed, but of a shared question the name, unless there is an address in it.
    """
    is_told = bool(before.get("is_shared") or after.get("is_shared"))
    is_told = is_told and not any("@" in str(values.get("name")) for values in (before, after))
    hidden = WORDS - {"name"} if is_told else WORDS
    changes = {name: values for name, values in differences(before, after).items() if any(values)}
    return {name: [] if name in hidden else changes[name] for name in sorted(changes)}


def _insist(draft: Draft) -> None:
    if not draft.name.strip() or len(draft.name) > LONGEST_NAME:
        raise ApplicationError(f"Give the question a name of at most {LONGEST_NAME} characters.")
    if len(draft.description) > LONGEST_DESCRIPTION:
        raise ApplicationError(f"The description may have at most {LONGEST_DESCRIPTION:,} characters.")
    if not draft.sql.strip() or len(draft.sql) > LONGEST:
        raise ApplicationError(f"A question is a statement of at most {LONGEST:,} characters.")
    if without_keys(draft.sql) != draft.sql:
        raise ApplicationError("There is a key or another secret in the statement, or a word of 1,000 characters.")
    if any("\0" in text for text in (draft.name, draft.description, draft.sql)):
        raise ApplicationError("There is a NUL character in it, which PostgreSQL has no place for.")
