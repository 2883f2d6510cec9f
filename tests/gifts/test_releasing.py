"""Gates, hours, and the two ways of delivery."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Account
from api.delivery.models import Message
from api.exceptions import DeliveryInProgressError, InvalidStateError
from api.gifts import services, sweeps
from api.gifts.models import Gift, GiftEvent
from api.gifts.states import BEFORE_SENT, GiftStatus, OrderStatus
from api.viewing.models import Thanks
from tests import build


def pay(gift: Gift, now: datetime, reference: str = "") -> Gift:
    return services.set_order(gift.pk, status=OrderStatus.PAID, reference=reference, actor="tests", now=now)


def test_paying_releases_a_ready_gift_and_starts_its_mail(account: Account, now: datetime) -> None:
    gift = pay(build.ready(account, now), now, "SO-1")

    assert gift.status == GiftStatus.SCHEDULED
    assert gift.order_reference == "SO-1"
    assert build.open_mails(gift) == 1


def test_paying_early_is_remembered(account: Account, now: datetime) -> None:
    gift = build.draft(account, now, order={"required": True})
    pay(gift, now)
    services.submit_gift(gift.pk, actor="tests", now=now)

    gift = build.filmed(gift, now)

    assert gift.status == GiftStatus.SCHEDULED


@pytest.mark.parametrize("status", sorted(BEFORE_SENT))
def test_paid_and_approved_are_recorded_in_every_state_before_sent(
    status: GiftStatus, account: Account, now: datetime
) -> None:
    gift = build.in_state(status, account, now)

    pay(gift, now)
    gift = services.approve_gift(gift.pk, actor="tests", now=now)

    assert gift.order_status == "paid"
    assert gift.approved_at == now


@pytest.mark.parametrize("status", sorted(set(GiftStatus) - BEFORE_SENT))
def test_paid_and_approved_come_too_late_after_sent(status: GiftStatus, account: Account, now: datetime) -> None:
    gift = build.in_state(status, account, now)

    with pytest.raises(InvalidStateError, match=f"is {status}"):
        pay(gift, now)
    with pytest.raises(InvalidStateError, match=f"is {status}"):
        services.approve_gift(gift.pk, actor="tests", now=now)


def test_paying_twice_changes_nothing_even_after_it_was_sent(account: Account, now: datetime) -> None:
    gift = pay(build.ready(account, now), now)
    build.mailed(gift, now)
    gift.refresh_from_db()
    version = gift.version

    assert pay(gift, now).version == version


def test_both_gates_must_open(account: Account, now: datetime) -> None:
    gift = build.ready(account, now, approval={"required": True})

    assert pay(gift, now).status == GiftStatus.READY
    assert services.approve_gift(gift.pk, actor="tests", now=now).status == GiftStatus.SCHEDULED


def test_an_accounts_own_gate_cannot_be_switched_off(account: Account, now: datetime) -> None:
    account.order_gate = "always"
    account.save()

    gift = build.draft(account, now, order={"required": False})

    assert gift.order_required is True


def test_a_canceled_order_cancels_the_gift_and_cannot_be_paid_after(account: Account, now: datetime) -> None:
    gift = build.ready(account, now)

    services.set_order(gift.pk, status=OrderStatus.CANCELED, reference="", actor="tests", now=now)
    gift = services.set_order(gift.pk, status=OrderStatus.CANCELED, reference="", actor="tests", now=now)

    assert gift.status == GiftStatus.CANCELED
    with pytest.raises(InvalidStateError, match="is canceled"):
        pay(gift, now)


def test_a_gift_is_mailed_when_its_hour_comes(account: Account, now: datetime) -> None:
    gift = build.scheduled(account, now)

    assert sweeps.deliver_due(now + timedelta(hours=23)) == 0
    assert sweeps.deliver_due(now + timedelta(hours=24)) == 1
    assert sweeps.deliver_due(now + timedelta(hours=24)) == 0

    assert build.open_mails(gift) == 1


def test_the_gift_is_sent_when_its_mail_is_accepted(account: Account, now: datetime) -> None:
    gift = build.sent(account, now)

    assert gift.status == GiftStatus.SENT
    assert gift.sent_at == now


def test_a_shared_link_is_sent_without_a_mail_to_the_recipient(account: Account, now: datetime) -> None:
    gift = build.filmed(build.rendering(account, now, delivery="link", recipient={"name": "Ben"}), now)

    assert gift.status == GiftStatus.SENT
    assert sorted(Message.objects.filter(gift=gift).values_list("kind", "to_email")) == [
        ("link", "ana@example.com"),
        ("receipt", "ana@example.com"),
        ("video_ready", "ana@example.com"),
    ]


def test_a_wall_time_is_read_again_when_it_is_due(account: Account, now: datetime) -> None:
    gift = build.scheduled(account, now, deliver_at="2026-12-25T08:00:00", timezone="Australia/Sydney")
    right = datetime(2026, 12, 24, 21, 0, tzinfo=UTC)
    earlier = right - timedelta(hours=1)
    Gift.objects.filter(pk=gift.pk).update(deliver_at=earlier, due_at=earlier)  # as older time zone rules had it

    sweeps.deliver_due(earlier)

    gift.refresh_from_db()
    assert (gift.deliver_at, gift.due_at, build.open_mails(gift)) == (right, right, 0)


def test_wall_times_of_the_next_days_follow_new_rules(account: Account, now: datetime) -> None:
    gift = build.scheduled(account, now, deliver_at="2026-12-25T08:00:00", timezone="Australia/Sydney")
    right = datetime(2026, 12, 24, 21, 0, tzinfo=UTC)
    Gift.objects.filter(pk=gift.pk).update(deliver_at=right + timedelta(hours=1), due_at=right + timedelta(hours=1))

    assert sweeps.recompute_wall_times(right - timedelta(hours=5)) == 1

    gift.refresh_from_db()
    assert gift.due_at == right


def test_what_is_over_the_days_share_of_mails_waits_for_tomorrow(account: Account, now: datetime) -> None:
    account.mails_per_day = 1
    account.save()
    gift = build.filmed(build.rendering(account, now), now)  # the sender's own mail used the share up

    assert (gift.status, gift.due_at) == (GiftStatus.SCHEDULED, datetime(2026, 11, 24, tzinfo=UTC))
    assert build.open_mails(gift) == 0

    assert sweeps.deliver_due(datetime(2026, 11, 24, tzinfo=UTC)) == 1
    assert build.open_mails(gift) == 1


def test_a_test_gift_is_not_counted_against_the_days_share(account: Account, now: datetime) -> None:
    account.mails_per_day = 0
    account.save()

    gift = build.filmed(build.rendering(account, now, livemode=False), now)

    assert build.open_mails(gift) == 1


def test_nothing_changes_while_the_mail_is_on_its_way(account: Account, now: datetime) -> None:
    gift = build.filmed(build.rendering(account, now), now)

    with pytest.raises(DeliveryInProgressError):
        services.cancel_gift(gift.pk, actor="tests", now=now)
    with pytest.raises(DeliveryInProgressError):
        pay(gift, now)
    with pytest.raises(DeliveryInProgressError):
        services.update_gift(gift.pk, {"message": "New words"}, actor="tests", now=now, may_lift_gates=True)

    gift.refresh_from_db()
    assert gift.status == GiftStatus.SCHEDULED


def test_withdrawing_a_sent_gift_takes_its_films_away(account: Account, now: datetime) -> None:
    gift = services.cancel_gift(build.sent(account, now).pk, actor="tests", now=now)

    assert gift.status == GiftStatus.CANCELED
    assert gift.canceled_at == now
    assert build.jobs("film.delete") == 2  # at once, and when no film can come late any more


def test_canceling_twice_changes_nothing(account: Account, now: datetime) -> None:
    gift = services.cancel_gift(build.draft(account, now).pk, actor="tests", now=now)

    assert services.cancel_gift(gift.pk, actor="tests", now=now).version == gift.version


@pytest.mark.parametrize("status", ["ready", "scheduled", "sent", "watched", "bounced"])
def test_gifts_expire_ninety_days_after_their_film(status: str, account: Account, now: datetime) -> None:
    gift = build.in_state(GiftStatus(status), account, now)
    if status == "scheduled":
        Gift.objects.filter(pk=gift.pk).update(due_at=None)

    assert sweeps.expire(now + timedelta(days=89)) == 0
    assert sweeps.expire(now + timedelta(days=90)) == 1

    gift.refresh_from_db()
    assert gift.status == GiftStatus.EXPIRED
    assert build.jobs("film.delete") == 1


def test_failed_gifts_expire_ninety_days_after_their_last_change(account: Account, now: datetime) -> None:
    gift = build.in_state(GiftStatus.FAILED, account, now)

    assert sweeps.expire(now + timedelta(days=90)) == 1

    gift.refresh_from_db()
    assert gift.status == GiftStatus.EXPIRED


def test_untouched_drafts_go_with_their_uploads(account: Account, now: datetime) -> None:
    upload = build.ready_upload(account, now)
    build.draft(account, now, media=[upload.pk])
    build.in_state(GiftStatus.RENDERING, account, now)

    assert sweeps.delete_untouched_drafts(now + timedelta(days=29)) == 0
    assert sweeps.delete_untouched_drafts(now + timedelta(days=30)) == 1

    assert Gift.objects.get().status == GiftStatus.RENDERING
    assert build.jobs("upload.delete") == 1


def test_a_year_after_the_end_names_and_words_are_blanked(account: Account, now: datetime) -> None:
    gift = build.sent(account, now, product={"name": "Espresso set"}, metadata={"cart": "c_91"})
    services.leave_thanks(gift.pk, text="Thank you, Ana", now=now)
    services.expire_gift(gift.pk, now=now)

    assert sweeps.forget(now + timedelta(days=364)) == 0
    assert sweeps.forget(now + timedelta(days=365)) == 1
    assert sweeps.forget(now + timedelta(days=366)) == 0

    gift.refresh_from_db()
    everything = str(
        [
            [{**row, "token": ""} for row in Gift.objects.filter(pk=gift.pk).values()],  # it may spell anybody's name
            list(Message.objects.filter(gift=gift).values()),
            list(Thanks.objects.filter(gift=gift).values()),
            list(GiftEvent.objects.filter(gift=gift).values()),
        ]
    )
    for trace in ("Ana", "Ben", "example.com", "30th", "Espresso", "c_91", "Thank you"):
        assert trace not in everything
    assert gift.status == GiftStatus.EXPIRED
