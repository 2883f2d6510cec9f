"""Each service that changes a gift writes one entry, none when it is refused, none when it is rolled back."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from accounts.models import Account
from api.delivery.models import Message
from api.delivery.outcomes import Refused
from api.delivery.services import begin_sending
from api.exceptions import ApplicationError
from api.gifts import services
from api.gifts.models import Gift
from api.gifts.states import OrderStatus
from tests import build
from tests.audit.conftest import Log

Build = Callable[[Account, datetime], Gift]
Act = Callable[[Gift, datetime], object]
A = "staff:ada"


def in_a_week(now: datetime) -> str:
    return (now + timedelta(days=7)).isoformat()


def unapproved(account: Account, now: datetime) -> Gift:
    rendering = build.rendering(account, now, approval={"required": True}, deliver_at=in_a_week(now))
    return build.filmed(rendering, now)


def unpaid(account: Account, now: datetime) -> Gift:
    return build.ready(account, now, deliver_at=in_a_week(now))


def due(account: Account, now: datetime) -> Gift:
    return build.scheduled(account, now - timedelta(days=2), delivery="link")


def mailing(account: Account, now: datetime) -> Gift:
    """Scheduled, and its mail is on its way."""
    return build.filmed(build.rendering(account, now), now)


def update(gift: Gift, now: datetime, **content: Any) -> Gift:
    return services.update_gift(gift.pk, content, actor=A, now=now, may_lift_gates=True)  # type: ignore[arg-type]


def settle(gift: Gift, now: datetime) -> None:
    build.mailed(gift, now)


def refuse(gift: Gift, now: datetime) -> None:
    message = begin_sending(Message.objects.get(gift=gift, kind="gift").pk, now=now)
    assert message is not None
    services.apply_outcome(message, Refused({"code": "mail_refused", "detail": "No such address."}), now=now)


CHANGES: dict[str, tuple[Build, Act, str, str, str, list[str] | None]] = {
    # service: a gift, what is done, action, door, actor, status from and to
    "submit": (
        build.draft, lambda gift, now: services.submit_gift(gift.pk, actor=A, now=now),
        "gift.rendering", "admin", A, ["draft", "rendering"],
    ),
    "update": (build.draft, lambda gift, now: update(gift, now, message="New"), "gift.updated", "admin", A, None),
    "update that makes another film": (
        unpaid, lambda gift, now: update(gift, now, message="New"), "gift.updated", "admin", A, ["ready", "rendering"],
    ),
    "render again": (
        build.failed, lambda gift, now: services.render_again(gift.pk, actor=A, now=now),
        "gift.rendering", "admin", A, ["failed", "rendering"],
    ),
    "film": (
        build.rendering, lambda gift, now: services.apply_film(build.awaited(gift), build.FILM, now=now),
        "gift.ready", "vendor", "renderer", ["rendering", "scheduled"],
    ),
    "failure": (
        build.rendering,
        lambda gift, now: services.apply_render_failure(build.awaited(gift), build.HOPELESS, now=now),
        "gift.failed", "vendor", "renderer", ["rendering", "failed"],
    ),
    "approve": (
        unapproved, lambda gift, now: services.approve_gift(gift.pk, actor=A, now=now),
        "gift.approved", "admin", A, ["ready", "scheduled"],
    ),
    "order paid": (
        unpaid,
        lambda gift, now: services.set_order(gift.pk, status=OrderStatus.PAID, reference="SO-1", actor=A, now=now),
        "order.paid", "admin", A, ["ready", "scheduled"],
    ),
    "order canceled": (
        unpaid,
        lambda gift, now: services.set_order(gift.pk, status=OrderStatus.CANCELED, reference="", actor=A, now=now),
        "order.canceled", "admin", A, ["ready", "canceled"],
    ),
    "deliver by link": (
        due, lambda gift, now: services.deliver_if_due(gift.pk, now=now),
        "gift.sent", "system", "system", ["scheduled", "sent"],
    ),
    "mail accepted": (mailing, settle, "gift.sent", "system", "system", ["scheduled", "sent"]),
    "mail refused": (mailing, refuse, "mail.refused", "vendor", "sendgrid", None),
    "bounce": (build.sent, build.bounce, "gift.bounced", "vendor", "sendgrid", ["sent", "bounced"]),
    "mail given up": (
        mailing,
        lambda gift, now: services.give_up_mail(Message.objects.get(gift=gift, kind="gift").pk, now=now),
        "mail.given_up", "system", "system", None,
    ),
    "resend": (
        build.sent, lambda gift, now: services.resend_gift(gift.pk, actor=A, now=now), "gift.resent", "admin", A, None,
    ),
    "watched": (
        build.sent, lambda gift, now: services.record_progress(gift.pk, percent=30, now=now),
        "gift.watched", "recipient", "recipient", ["sent", "watched"],
    ),
    "thanks": (
        build.sent, lambda gift, now: services.leave_thanks(gift.pk, text="Thanks!", now=now),
        "gift.thanked", "recipient", "recipient", None,
    ),
    "cancel": (
        build.sent, lambda gift, now: services.cancel_gift(gift.pk, actor=A, now=now),
        "gift.canceled", "admin", A, ["sent", "canceled"],
    ),
    "expire": (
        build.sent, lambda gift, now: services.expire_gift(gift.pk, now=now),
        "gift.expired", "system", "system", ["sent", "expired"],
    ),
    "forget": (
        build.expired, lambda gift, now: services.forget_gift(gift.pk, now=now),
        "gift.forgotten", "system", "system", None,
    ),
    "erase": (
        build.sent, lambda gift, now: services.erase_gift(gift.pk, actor=A, now=now),
        "gift.erased", "admin", A, ["sent", "canceled"],
    ),
    "delete": (
        build.draft, lambda gift, now: services.delete_draft(gift.pk, actor=A, now=now),
        "gift.deleted", "admin", A, ["draft", None],  # type: ignore[list-item]
    ),
    "tidy away": (
        build.draft, lambda gift, now: services.delete_untouched_draft(gift.pk, untouched_since=now, now=now),
        "gift.deleted", "system", "system", ["draft", None],  # type: ignore[list-item]
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGES.values(), ids=CHANGES)
def test_a_change_is_one_entry(
    case: tuple[Build, Act, str, str, str, list[str] | None], account: Account, now: datetime, log: Log
) -> None:
    make, act, action, door, actor, status = case
    gift = make(account, now)
    log.news()

    act(gift, now)

    entry = log.only()
    assert (entry.action, entry.door, entry.actor, entry.object_id) == (action, door, actor, str(gift.pk))
    assert entry.account_id == account.pk
    assert entry.changes.get("status") == status


def test_a_creation_tells_what_the_gift_was_made_of(account: Account, now: datetime, log: Log) -> None:
    upload = build.ready_upload(account, now)

    build.draft(account, now, media=[upload.pk], product={"name": "Espresso set"})

    changes = log.news()[-1].changes
    assert changes["recipient_email"] == [None, "ben@example.com"]
    assert changes["template"] == [None, "plain-birthday"]
    assert changes["media"] == [None, [str(upload.pk)]]
    assert changes["product"] == [None, {"name": "Espresso set"}]
    assert "token" not in changes


def test_an_update_tells_from_which_value_to_which(account: Account, now: datetime, log: Log) -> None:
    upload = build.ready_upload(account, now)
    gift = build.draft(account, now, product={"name": "Espresso set", "price": {"amount": "49.00", "currency": "AUD"}})
    log.news()

    update(
        gift,
        now,
        recipient={"name": "Benjamin"},
        media=[upload.pk],
        product={"name": "Espresso set", "price": {"amount": "39.00", "currency": "AUD"}},
        message="",
    )

    assert log.only().changes == {
        "recipient_name": ["Ben", "Benjamin"],
        "message": ["Happy 30th!", ""],
        "product.price.amount": ["49.00", "39.00"],
        "media": [[], [str(upload.pk)]],
    }


REFUSED: dict[str, tuple[Build, Act]] = {
    "submit": (build.expired, lambda gift, now: services.submit_gift(gift.pk, actor=A, now=now)),
    "render again": (build.draft, lambda gift, now: services.render_again(gift.pk, actor=A, now=now)),
    "approve": (build.sent, lambda gift, now: services.approve_gift(gift.pk, actor=A, now=now)),
    "resend": (build.draft, lambda gift, now: services.resend_gift(gift.pk, actor=A, now=now)),
    "cancel": (build.expired, lambda gift, now: services.cancel_gift(gift.pk, actor=A, now=now)),
    "cancel while the mail leaves": (mailing, lambda gift, now: services.cancel_gift(gift.pk, actor=A, now=now)),
    "update": (build.watched, lambda gift, now: update(gift, now, message="New")),
    "delete": (build.sent, lambda gift, now: services.delete_draft(gift.pk, actor=A, now=now)),
    "thanks": (build.draft, lambda gift, now: services.leave_thanks(gift.pk, text="Thanks!", now=now)),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_is_refused_leaves_no_entry(case: tuple[Build, Act], account: Account, now: datetime, log: Log) -> None:
    make, act = case
    gift = make(account, now)
    log.news()

    with pytest.raises(ApplicationError):
        act(gift, now)

    assert log.news() == []


NOTHING: dict[str, tuple[Build, Act]] = {
    "submitted already": (build.rendering, lambda gift, now: services.submit_gift(gift.pk, actor=A, now=now)),
    "canceled already": (
        lambda account, now: services.cancel_gift(build.draft(account, now).pk, actor=A, now=now),
        lambda gift, now: services.cancel_gift(gift.pk, actor=A, now=now),
    ),
    "not due": (build.scheduled, lambda gift, now: services.deliver_if_due(gift.pk, now=now)),
    "a second look at a mail's events": (
        build.sent,
        lambda gift, now: services.apply_mail_events(Message.objects.get(gift=gift, kind="gift").pk, now=now),
    ),
    "watched a little": (build.sent, lambda gift, now: services.record_progress(gift.pk, percent=5, now=now)),
}


@pytest.mark.parametrize("case", NOTHING.values(), ids=NOTHING)
def test_what_changes_nothing_leaves_no_entry(
    case: tuple[Build, Act], account: Account, now: datetime, log: Log
) -> None:
    make, act = case
    gift = make(account, now)
    log.news()

    act(gift, now)

    assert log.news() == []


def test_what_is_rolled_back_leaves_no_entry(account: Account, now: datetime, log: Log) -> None:
    gift = build.draft(account, now)
    log.news()

    with transaction.atomic():
        services.cancel_gift(gift.pk, actor=A, now=now)
        transaction.set_rollback(True)

    assert log.news() == []
    gift.refresh_from_db()
    assert gift.status == "draft"
