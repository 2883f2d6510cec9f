"""Mails' outcomes, bounces, resends, and what the recipient does."""

from datetime import datetime, timedelta

import pytest

from accounts.models import Account
from api.delivery.models import MailEvent, Message
from api.delivery.outcomes import NotAccepted, Refused
from api.delivery.services import begin_sending
from api.exceptions import (
    BackendError,
    DeliveryInProgressError,
    GoneError,
    InvalidStateError,
    NotFoundError,
    TooManyError,
)
from api.gifts import services
from api.gifts.models import Gift, GiftEvent
from api.gifts.states import OPENABLE, GiftStatus
from tests import build

AWAY = BackendError("mail_away", "The mail service is away.", retryable=True)


def correct_address(gift: Gift, now: datetime, email: str = "ben@new.example") -> Gift:
    content = {"recipient": {"email": email}}
    return services.update_gift(gift.pk, content, actor="tests", now=now, may_lift_gates=False)  # type: ignore[arg-type]


def test_a_bounce_tells_the_sender(account: Account, now: datetime) -> None:
    gift = build.bounce(build.sent(account, now), now)

    assert gift.status == GiftStatus.BOUNCED
    assert gift.bounced_email == "ben@example.com"
    assert Message.objects.filter(gift=gift, kind="address_bounced", to_email="ana@example.com").count() == 1


def test_a_bounce_that_overtakes_the_acceptance_still_passes_through_sent(account: Account, now: datetime) -> None:
    gift = build.filmed(build.rendering(account, now), now)
    message = Message.objects.get(gift=gift, kind="gift")
    begin_sending(message.pk, now=now)

    gift = build.bounce(gift, now)

    assert gift.status == GiftStatus.BOUNCED
    states = [event.data["to"] for event in GiftEvent.objects.filter(gift=gift).order_by("at") if "to" in event.data]
    assert states[-2:] == ["sent", "bounced"]


def test_a_bounce_after_watching_moves_nothing_backwards(account: Account, now: datetime) -> None:
    gift = build.in_state(GiftStatus.WATCHED, account, now)

    assert build.bounce(gift, now).status == GiftStatus.WATCHED


def test_events_applied_twice_write_one_timeline(account: Account, now: datetime) -> None:
    gift = build.bounce(build.sent(account, now), now)
    events = GiftEvent.objects.filter(gift=gift).count()

    services.apply_mail_events(Message.objects.filter(gift=gift, kind="gift").latest("id").pk, now=now)

    assert GiftEvent.objects.filter(gift=gift).count() == events


def test_a_bounced_gift_is_sent_again_only_to_another_address(account: Account, now: datetime) -> None:
    gift = build.in_state(GiftStatus.BOUNCED, account, now)

    with pytest.raises(InvalidStateError, match="correct recipient"):
        services.resend_gift(gift.pk, actor="tests", now=now)
    correct_address(gift, now)
    services.resend_gift(gift.pk, actor="tests", now=now)
    message = build.mailed(gift, now)

    gift.refresh_from_db()
    assert gift.status == GiftStatus.SENT
    assert message.to_email == "ben@new.example"


def test_an_old_mails_late_bounce_does_not_speak_of_the_new_address(account: Account, now: datetime) -> None:
    gift = build.in_state(GiftStatus.BOUNCED, account, now)
    old = Message.objects.filter(gift=gift, kind="gift").latest("id")
    correct_address(gift, now)
    services.resend_gift(gift.pk, actor="tests", now=now)
    build.mailed(gift, now)
    old.status = "accepted"
    old.save()
    MailEvent.objects.create(sg_event_id="late", message=old, type="bounced", at=now, received_at=now, raw={})

    services.apply_mail_events(old.pk, now=now)

    gift.refresh_from_db()
    assert gift.status == GiftStatus.SENT


def test_a_gift_is_sent_again_three_times_a_day(account: Account, now: datetime) -> None:
    gift = build.sent(account, now)
    for _ in range(3):
        services.resend_gift(gift.pk, actor="tests", now=now)
        build.mailed(gift, now)

    with pytest.raises(TooManyError) as refusal:
        services.resend_gift(gift.pk, actor="tests", now=now + timedelta(hours=1))
    assert refusal.value.retry_after is not None
    assert round(refusal.value.retry_after / timedelta(hours=1)) == 23

    services.resend_gift(gift.pk, actor="tests", now=now + timedelta(days=1, seconds=1))
    assert build.open_mails(gift) == 1


def test_no_second_mail_starts_while_one_is_open(account: Account, now: datetime) -> None:
    gift = build.sent(account, now)
    services.resend_gift(gift.pk, actor="tests", now=now)

    with pytest.raises(DeliveryInProgressError):
        services.resend_gift(gift.pk, actor="tests", now=now)


@pytest.mark.parametrize("status", sorted(set(GiftStatus) - {"sent", "bounced"}))
def test_other_states_are_not_sent_again(status: GiftStatus, account: Account, now: datetime) -> None:
    gift = build.in_state(status, account, now)

    with pytest.raises(InvalidStateError, match=f"is {status}"):
        services.resend_gift(gift.pk, actor="tests", now=now)


def test_a_refused_mail_says_why_and_a_better_address_tries_again(account: Account, now: datetime) -> None:
    gift = build.filmed(build.rendering(account, now), now)
    message = begin_sending(Message.objects.get(gift=gift, kind="gift").pk, now=now)
    assert message is not None
    failure = {"code": "mail_refused", "detail": "The mail service refused the address."}

    services.apply_outcome(message, Refused(failure), now=now)

    gift.refresh_from_db()
    assert (gift.status, gift.failure) == (GiftStatus.SCHEDULED, failure)
    correct_address(gift, now)
    build.mailed(gift, now)
    gift.refresh_from_db()
    assert (gift.status, gift.failure) == (GiftStatus.SENT, None)


def test_a_mail_that_waits_after_a_refused_connection_is_called_back(account: Account, now: datetime) -> None:
    gift = build.filmed(build.rendering(account, now), now)
    message = begin_sending(Message.objects.get(gift=gift, kind="gift").pk, now=now)
    assert message is not None
    services.apply_outcome(message, NotAccepted(AWAY), now=now)

    gift = services.cancel_gift(gift.pk, actor="tests", now=now)

    message.refresh_from_db()
    assert (gift.status, message.status) == (GiftStatus.CANCELED, "withdrawn")


def test_an_order_paid_while_the_mail_waits_does_not_lose_the_mail(account: Account, now: datetime) -> None:
    gift = build.filmed(build.rendering(account, now), now)
    message = begin_sending(Message.objects.get(gift=gift, kind="gift").pk, now=now)
    assert message is not None
    services.apply_outcome(message, NotAccepted(AWAY), now=now)

    from api.gifts.states import OrderStatus

    services.set_order(gift.pk, status=OrderStatus.PAID, reference="", actor="tests", now=now)

    assert build.open_mails(gift) == 1


@pytest.mark.parametrize("status", sorted(OPENABLE))
def test_a_quarter_played_counts_as_watched(status: GiftStatus, account: Account, now: datetime) -> None:
    gift = build.in_state(status, account, now)

    for percent in (25, 75, 50, 75, 100):
        services.record_progress(gift.pk, percent=percent, now=now)

    gift.refresh_from_db()
    assert (gift.status, gift.watched_percent) == (GiftStatus.WATCHED, 100)
    assert [
        event.data["percent"] for event in GiftEvent.objects.filter(gift=gift, type="video.progress").order_by("at")
    ] == [25, 75, 100]


def test_thanks_reach_the_sender_three_times_at_most(account: Account, now: datetime) -> None:
    gift = build.in_state(GiftStatus.WATCHED, account, now)
    for _ in range(3):
        services.leave_thanks(gift.pk, text="Thank you!", now=now)

    with pytest.raises(TooManyError):
        services.leave_thanks(gift.pk, text="And again", now=now)

    assert Message.objects.filter(gift=gift, kind="thanks", to_email="ana@example.com").count() == 3


def test_a_withdrawn_gift_is_gone_and_an_unsent_one_was_never_there(account: Account, now: datetime) -> None:
    withdrawn = services.cancel_gift(build.sent(account, now).pk, actor="tests", now=now)
    unsent = build.ready(account, now)

    with pytest.raises(GoneError):
        services.record_progress(withdrawn.pk, percent=25, now=now)
    with pytest.raises(GoneError):
        services.leave_thanks(withdrawn.pk, text="Thanks", now=now)
    with pytest.raises(NotFoundError):
        services.record_progress(unsent.pk, percent=25, now=now)
