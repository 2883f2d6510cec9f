"""A forgotten person is in no entry any more, and what was done to their gift still is."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.models import Account
from api.audit.doors import acting
from api.audit.models import AuditEntry
from api.audit.services import FORGOTTEN, forget_words, record
from api.gifts import services
from api.gifts.models import Gift
from tests import build
from tests.gifts.test_erasing import CONTENT, WORDS

A = "staff:ada"
ENDS: dict[str, Callable[[Gift, datetime], object]] = {
    "erased": lambda gift, now: services.erase_gift(gift.pk, actor=A, now=now),
    "forgotten": lambda gift, now: services.forget_gift(gift.pk, now=now),
}


def told_gift(account: Account, now: datetime) -> Gift:
    """Every word about its people stands in the log, also in reasons."""
    gift = build.sent(account, now, **CONTENT)
    build.bounce(gift, now)
    with acting(why="Ben says that ben@example.com is wrong"):
        body: Any = {"recipient": {"name": "Benjamin", "email": "ben2@example.com"}}
        services.update_gift(gift.pk, body, actor=A, now=now, may_lift_gates=True)
    gift.refresh_from_db()
    return gift


def entries_of(gift: Gift) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(object_id=str(gift.pk)).order_by("id"))


def quoted(entries: list[AuditEntry]) -> list[str]:
    held = str([(entry.changes, entry.why) for entry in entries])
    return [word for word in WORDS if word in held]


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_forgetting_keeps_what_was_done_and_no_word_of_whom(
    end: Callable[[Gift, datetime], object], account: Account, now: datetime
) -> None:
    gift = told_gift(account, now)
    before = entries_of(gift)
    assert set(quoted(before)) >= {"Ana", "Ben", "ben@", "Happy 30th!", "HEADLINE", "SO-1", "Espresso", "c_91"}

    with acting(why="Ben wrote from ben@example.com and asks for it"):
        end(gift, now)

    after = entries_of(gift)
    assert quoted(after) == []
    assert [entry.pk for entry in after][:-1] == [entry.pk for entry in before]
    assert [entry.action for entry in after][:-1] == [entry.action for entry in before]
    updated = next(entry for entry in after if entry.action == "gift.updated")
    assert updated.changes["recipient_email"] == [FORGOTTEN, FORGOTTEN]
    assert (updated.why, after[-1].why, updated.actor) == (FORGOTTEN, FORGOTTEN, A)
    assert next(entry for entry in after if entry.action == "gift.bounced").changes["status"] == ["sent", "bounced"]
    assert after[0].changes["metadata"] == [FORGOTTEN, FORGOTTEN]


def test_a_deleted_draft_takes_its_people_along(account: Account, now: datetime) -> None:
    gift = build.draft(account, now, **CONTENT)
    gift_id = gift.pk

    services.delete_draft(gift_id, actor=A, now=now)

    kept = list(AuditEntry.objects.filter(object_id=str(gift_id)))
    assert {entry.action for entry in kept} == {"gift.created", "gift.deleted"}
    assert quoted(kept) == []


def test_a_shops_own_names_are_not_kept_as_the_paths_of_what_they_named(account: Account, now: datetime) -> None:
    gift = build.draft(account, now, metadata={"Ben Smith": "VIP"})
    body: Any = {"metadata": {"Ben Smith": "regular"}}
    services.update_gift(gift.pk, body, actor=A, now=now, may_lift_gates=True)
    assert any("metadata.Ben Smith" in entry.changes for entry in entries_of(gift))

    services.erase_gift(gift.pk, actor=A, now=now)

    assert quoted(entries_of(gift)) == []


def test_others_entries_stay_as_they_are(account: Account, now: datetime) -> None:
    other = build.draft(account, now)
    gift = build.draft(account, now)
    held = [entry.changes for entry in entries_of(other)]

    services.erase_gift(gift.pk, actor=A, now=now + timedelta(days=1))

    assert [entry.changes for entry in entries_of(other)] == held


def test_forgetting_blanks_what_it_does_not_know(account: Account, now: datetime) -> None:
    record("account.changed", subject=account, changes={"email": ["a", "b"], "limit": [1, 2]}, now=now)

    assert forget_words("account", account.pk, keep={"limit"}) == 2  # with its creation

    entry = AuditEntry.objects.get(action="account.changed")
    assert entry.changes == {"email": [FORGOTTEN, FORGOTTEN], "limit": [1, 2]}
