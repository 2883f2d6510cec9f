"""A worker killed between claim, call and commit of a mail: every gift is sent, and once."""

import random
from collections import Counter

import pytest

from api.delivery.models import Message
from api.gifts.models import Gift
from tests.drills.drill import CLAIM, COMMIT, FINISH, MINUTE, assert_nothing_left
from tests.drills.mail_drill import MailDrill

DELIVER = "api.gifts.services.releasing.deliver_if_due"
BEGIN = "api.delivery.services.begin_sending"
SEND = "api.delivery.backends.sendgrid.SendGridBackend.send"
APPLY = "api.gifts.services.sending.apply_outcome"

POINTS = {
    "before the mail's intent is committed": [f"{DELIVER}:call", COMMIT],
    "after the mail's intent": [f"{DELIVER}:return"],
    "after the claim": [f"{CLAIM}:return"],
    "before the call's intent is committed": [f"{BEGIN}:call", COMMIT],
    "after the call's intent": [f"{BEGIN}:return"],
    "before the call": [f"{SEND}:call"],
    "during the call": [f"{SEND}:call", "http.client.HTTPConnection.getresponse:call"],
    "after the answer": [f"{SEND}:return"],
    "before the outcome": [f"{APPLY}:call"],
    "before the outcome is committed": [f"{APPLY}:call", COMMIT],
    "after the outcome": [f"{APPLY}:return"],
    "before the job is finished": [f"{FINISH}:call"],
    "after the job is finished": [f"{FINISH}:return"],
}


def facts(gift: Gift) -> tuple[str, list[tuple[str, bool]]]:
    gift.refresh_from_db()
    mails = Message.objects.filter(gift=gift, kind="gift").order_by("id")
    return gift.status, list(mails.values_list("status", "is_possible_double"))


@pytest.mark.parametrize("points", POINTS.values(), ids=POINTS)
def test_a_gift_is_mailed_once_wherever_its_worker_is_killed(points: list[str], drill: MailDrill) -> None:
    gift = drill.due_gift("ben@example.com")

    drill.kill(*points, at=drill.now)
    drill.recover()

    assert facts(gift) == ("sent", [("delivered", False)])
    assert len(drill.mailbox.mails(to="ben@example.com")) == 1
    assert_nothing_left()


def test_a_worker_that_loops_is_no_different(drill: MailDrill) -> None:
    gift = drill.due_gift("ben@example.com")

    drill.kill(f"{SEND}:return", at=drill.now, command="work")
    drill.recover()

    assert facts(gift) == ("sent", [("delivered", False)])
    assert len(drill.mailbox.mails(to="ben@example.com")) == 1
    assert_nothing_left()


def test_a_mail_of_which_nothing_is_ever_heard_goes_out_again_and_is_listed(deaf_drill: MailDrill) -> None:
    drill = deaf_drill
    gift = drill.due_gift("ben@example.com")
    drill.kill(f"{SEND}:return", at=drill.now)

    for minutes in (2, 6, 29):
        drill.tick(drill.now + minutes * MINUTE)
    assert facts(gift) == ("scheduled", [("unknown", False)])
    assert len(drill.mailbox.mails(to="ben@example.com")) == 1

    drill.tick(drill.now + 31 * MINUTE)
    assert facts(gift) == ("sent", [("accepted", True)])
    assert len(drill.mailbox.mails(to="ben@example.com")) == 2
    assert_nothing_left()


def test_thirty_gifts_are_mailed_once_each_by_workers_that_are_killed_again_and_again(drill: MailDrill) -> None:
    chance = random.Random(1730)  # noqa: S311 - the same drill every time, as far as threads allow
    rounds = [drill.now + minutes * MINUTE for minutes in (0, 2, 4, 6, 8)]
    due = {f"ben+{number}@example.com": rounds[number % len(rounds)] for number in range(30)}
    gifts = {address: drill.due_gift(address, at=at) for address, at in due.items()}

    for at in rounds:
        point = chance.choice([points[-1] for points in POINTS.values()])
        drill.kill(point, at=at, nth=chance.randint(1, 2 if point.startswith(CLAIM) else 6))
    drill.settle()
    drill.due_gift("later@example.com", at=drill.now + 12 * MINUTE)
    for minutes in (10, 12, 14, 16, 18):
        drill.tick(drill.now + minutes * MINUTE)
        drill.settle()

    assert {address: facts(gift) for address, gift in gifts.items()} == dict.fromkeys(
        gifts, ("sent", [("delivered", False)])
    )
    assert Counter(mail["to"] for mail in drill.mailbox.mails()) == Counter([*gifts, "later@example.com"])
    assert_nothing_left()
