"""A gift's buttons: offered when the service would do it, asked first, done by the service, refused in its words."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.test import Client

from accounts.models import Account, User
from api.audit.models import AuditEntry
from api.delivery.models import Message
from api.exceptions import ApplicationError
from api.gifts import services
from api.gifts.models import Gift, GiftEvent
from api.gifts.pages.actions import ACTIONS
from api.gifts.pages.buttons import MEANWHILE
from api.gifts.states import GiftStatus, OrderStatus
from tests import build
from tests.admin.gift_page import WHY, button, looked_at, offered, page_of, press, refusal, told
from tests.admin.signing import signed_in
from tests.waiting import eventually, waiting_backends

pytestmark = pytest.mark.usefixtures("template")

S = GiftStatus
BUTTONS = [action.name for action in ACTIONS]


def gated(status: GiftStatus, account: Account, now: datetime) -> Gift:
    """In this state with both gates on it, so that each button has something to do where the state allows it."""
    if status in {S.DRAFT, S.RENDERING, S.READY}:
        make = {S.DRAFT: build.draft, S.RENDERING: build.rendering, S.READY: build.ready}[status]
        return make(account, now, order={"required": True}, approval={"required": True})
    return build.in_state(status, account, now)


def would_do(gift: Gift, service: Callable[[], object]) -> bool:
    """Whether a service accepts, and changes something; what it did is taken back."""
    before = Gift.objects.values_list("version", flat=True).get(pk=gift.pk)
    try:
        with transaction.atomic():
            service()
            after = Gift.objects.values_list("version", flat=True).get(pk=gift.pk)
            transaction.set_rollback(True)
    except ApplicationError:
        return False
    return after > before


def services_of(gift: Gift, now: datetime) -> dict[str, Callable[[], object]]:
    who: Any = {"actor": "tests", "now": now}
    other: Any = {"recipient": {"name": "Ben", "email": "benjamin@example.com"}}
    return {
        "correct": lambda: services.update_gift(gift.pk, other, may_lift_gates=True, **who),
        "paid": lambda: services.set_order(gift.pk, status=OrderStatus.PAID, reference="", **who),
        "approve": lambda: services.approve_gift(gift.pk, **who),
        "resend": lambda: services.resend_gift(gift.pk, **who),
        "render": lambda: services.render_again(gift.pk, **who),
        "erase": lambda: services.erase_gift(gift.pk, **who),
    }


@pytest.mark.parametrize("status", list(GiftStatus))
def test_a_button_is_offered_exactly_when_its_service_would_do_something(
    status: GiftStatus, founder: Client, account: Account, now: datetime
) -> None:
    gift = gated(status, account, now)
    possible = {name for name, service in services_of(gift, now).items() if would_do(gift, service)}
    if would_do(gift, lambda: services.cancel_gift(gift.pk, actor="tests", now=now)):
        possible.add("withdraw" if gift.sent_at else "cancel")
    if not (gift.order_required and gift.approval_required):  # the service would note what nobody asked for
        possible -= {"paid", "approve"}

    assert offered(founder, gift) == possible | ({"retry"} if status == S.FAILED else set())


def test_an_erased_gift_has_no_buttons(founder: Client, account: Account, now: datetime) -> None:
    gift = build.sent(account, now)
    services.erase_gift(gift.pk, actor="tests", now=now)

    assert offered(founder, gift) == set()


def test_nothing_is_offered_while_the_mail_is_on_its_way(founder: Client, account: Account, now: datetime) -> None:
    gift = build.filmed(build.rendering(account, now), now)

    assert offered(founder, gift) == set()
    assert "on its way to SendGrid" in looked_at(founder, gift)


def waits(account: Account, now: datetime) -> Gift:
    return build.ready(account, now, approval={"required": True}, order={"required": False})


def bounced(account: Account, now: datetime) -> Gift:
    return build.bounce(build.sent(account, now), now)


@pytest.mark.parametrize(
    ("name", "make", "answers", "status", "event", "said"),
    [
        ("render", build.failed, {}, "rendering", "gift.rendering", "Its video is made anew."),
        ("approve", waits, {}, "scheduled", "gift.approved", "Approved."),
        ("paid", build.ready, {"reference": "SO-7"}, "scheduled", "order.paid", "The order counts as paid."),
        ("resend", build.sent, {}, "sent", "gift.resent", "One more mail is on its way."),
        ("cancel", build.draft, {}, "canceled", "gift.canceled", "Canceled."),
        ("withdraw", build.sent, {}, "canceled", "gift.canceled", "Withdrawn: its link says that it is gone."),
        ("retry", build.failed, {}, "rendering", "gift.rendering", "The video is made anew."),
        ("erase", build.sent, {}, "canceled", "gift.forgotten", "Erased."),
        (
            "correct",
            bounced,
            {"name": "Ben", "email": "new@example.com"},
            "bounced",
            "gift.resent",
            "Corrected, and on its way to the new address.",
        ),
        ("correct", build.draft, {"name": "B.", "email": "b@example.com"}, "draft", "gift.updated", "Corrected."),
    ],
)
def test_a_button_calls_its_service_under_the_founders_name_with_the_reason(
    name: str,
    make: Callable[[Account, datetime], Gift],
    answers: dict[str, str],
    status: str,
    event: str,
    said: str,
    founder: Client,
    account: Account,
    now: datetime,
) -> None:
    gift = make(account, now)

    answer = press(founder, gift, name, **answers)

    assert (answer.status_code, answer["Location"]) == (302, page_of(gift))
    assert told(answer) == [said]
    gift.refresh_from_db()
    assert gift.status == status
    assert GiftEvent.objects.filter(gift=gift, type=event).latest("at").actor == "staff:ada"
    entries = AuditEntry.objects.filter(object_id=str(gift.pk), actor="staff:ada").values_list("door", "why")
    assert set(entries) == {("admin", "(forgotten)" if name == "erase" else WHY)}


@pytest.mark.parametrize("name", [name for name in BUTTONS if name != "render"])
def test_without_a_reason_nothing_is_done(name: str, founder: Client, account: Account, now: datetime) -> None:
    gift = build.ready(account, now, approval={"required": True})
    for reason in ("", "  ", "ab"):
        answer = press(founder, gift, name, reason=reason, email="x@example.com", name="X")
        assert answer.status_code == 400, reason
    gift.refresh_from_db()
    assert (gift.status, gift.version) == ("ready", 3)


def test_rendering_again_needs_no_reason(founder: Client, account: Account, now: datetime) -> None:
    gift = build.failed(account, now)

    assert press(founder, gift, "render", reason="").status_code == 302


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("render", S.DRAFT, "This gift is draft and cannot be rendered again."),
        ("approve", S.CANCELED, "This gift is canceled and cannot be approved any more."),
        ("paid", S.CANCELED, "This gift is canceled and its order cannot be paid any more."),
        ("resend", S.DRAFT, "This gift is draft and cannot be sent again."),
        ("resend", S.BOUNCED, "This gift is bounced: correct recipient.email first, then send it again."),
        ("correct", S.SENT, "This gift is sent and cannot be changed."),
        ("cancel", S.EXPIRED, "This gift is expired and was sent meanwhile: it can only be withdrawn."),
        ("cancel", S.SENT, "This gift is sent and was sent meanwhile: it can only be withdrawn."),
        ("withdraw", S.READY, "This gift is ready and was not sent: it can be canceled."),
        ("withdraw", S.EXPIRED, "This gift is expired and cannot be canceled."),
    ],
)
def test_a_forged_press_is_refused_in_the_services_words(
    name: str, status: GiftStatus, words: str, founder: Client, account: Account, now: datetime
) -> None:
    gift = build.in_state(status, account, now)

    answer = press(founder, gift, name, name="Ben", email="new@example.com")

    assert answer.status_code == 409
    assert refusal(answer).startswith(f"Nothing was done. {words}")
    gift.refresh_from_db()
    assert gift.status == status
    looked = founder.get(button(gift, name))
    assert looked.status_code == 409
    assert f"it is {status}" in looked.content.decode()


def test_pressing_twice_does_it_once(founder: Client, account: Account, now: datetime) -> None:
    gift = build.sent(account, now)
    answers = {"version": gift.version, "reason": WHY}

    first, second = (founder.post(button(gift, "resend"), answers) for _ in range(2))

    assert (first.status_code, second.status_code) == (302, 409)
    assert "That cannot be done to this gift now" in second.content.decode()
    assert build.open_mails(gift) == 1


def test_of_two_who_press_the_same_the_second_sees_that_it_is_done(
    founder: Client, account: Account, now: datetime
) -> None:
    gift = build.sent(account, now)
    answers = {"version": gift.version, "reason": WHY}

    first, second = (founder.post(button(gift, "withdraw"), answers) for _ in range(2))

    page = second.content.decode()
    assert (first.status_code, second.status_code) == (302, 409)
    assert "That cannot be done to this gift now: it is canceled." in page
    assert 'id="confirm-form"' not in page


def test_who_saw_the_gift_before_it_changed_is_told_and_keeps_what_was_typed(
    founder: Client, account: Account, now: datetime
) -> None:
    gift = build.sent(account, now)
    seen = gift.version
    services.record_progress(gift.pk, percent=50, now=now)

    answer = founder.post(button(gift, "withdraw"), {"version": seen, "reason": "Wrong person"})

    assert (answer.status_code, refusal(answer)) == (409, f"Nothing was done. {MEANWHILE}")
    page = answer.content.decode()
    assert "Wrong person</textarea>" in page
    assert "has watched it already" in page
    gift.refresh_from_db()
    assert gift.status == "watched"


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 40, "²"])
def test_a_nonsense_version_is_refused(version: str, founder: Client, account: Account, now: datetime) -> None:
    gift = build.draft(account, now)

    assert founder.post(button(gift, "cancel"), {"version": version, "reason": WHY}).status_code == 409


def test_a_bad_address_is_refused_and_nothing_is_sent(founder: Client, account: Account, now: datetime) -> None:
    gift = bounced(account, now)

    for email in ("", "ben", "ben@example.com\nbcc: all@example.com", gift.bounced_email):
        answer = press(founder, gift, "correct", name="Ben", email=email)
        assert answer.status_code in {400, 409}, email
    gift.refresh_from_db()
    assert (gift.status, gift.recipient_email, build.open_mails(gift)) == ("bounced", "ben@example.com", 0)


def test_a_name_that_breaks_a_header_is_refused(founder: Client, account: Account, now: datetime) -> None:
    gift = build.draft(account, now)

    answer = press(founder, gift, "correct", name="Ben\r\nBcc: x", email="ben@example.com")

    gift.refresh_from_db()
    assert (answer.status_code, gift.recipient_name) == (400, "Ben")


def test_a_fourth_resend_of_the_day_is_refused_and_corrects_nothing(
    founder: Client, account: Account, now: datetime
) -> None:
    gift = build.sent(account, now)
    for minute in range(3):
        services.resend_gift(gift.pk, actor="tests", now=now + timedelta(minutes=minute))
        build.mailed(gift, now + timedelta(minutes=minute))
    gift = build.bounce(gift, now)

    answer = press(founder, gift, "correct", name="Ben", email="new@example.com")

    assert (answer.status_code, refusal(answer)) == (429, "Nothing was done. A gift can be sent again 3 times a day.")
    gift.refresh_from_db()
    assert gift.recipient_email == "ben@example.com"


def test_all_gifts_to_an_address_are_erased_if_that_is_chosen(
    founder: Client, account: Account, other_account: Account, now: datetime
) -> None:
    gift, elsewhere = build.sent(account, now), build.sent(other_account, now)
    upper = build.draft(account, now, recipient={"name": "Ben", "email": "BEN@example.com"})
    moved = bounced(account, now)
    services.update_gift(
        moved.pk,
        {"recipient": {"name": "Ben", "email": "ben.new@example.com"}},
        actor="tests",
        now=now,
        may_lift_gates=True,
    )
    somebody_else = build.draft(account, now, recipient={"name": "Zoe", "email": "zoe@example.com"})
    assert "All 4 gifts to this person" in founder.get(button(gift, "erase")).content.decode()

    answer = press(founder, gift, "erase", which="all")

    assert told(answer) == ["Erased. 3 more to the same address as well."]
    forgotten = set(Gift.objects.exclude(forgotten_at=None).values_list("pk", flat=True))
    assert forgotten == {gift.pk, elsewhere.pk, upper.pk, moved.pk}
    assert somebody_else.pk not in forgotten


@pytest.mark.django_db(transaction=True)
def test_what_was_erased_is_told_though_another_gift_went_away_meanwhile(
    founder: Client, account: Account, now: datetime
) -> None:
    gift, held, gone = (build.draft(account, now) for _ in range(3))
    is_held = threading.Event()

    def delete_once_the_one_before_is_waited_for() -> None:
        with transaction.atomic():
            Gift.objects.select_for_update().get(pk=held.pk)
            is_held.set()
            eventually(waiting_backends, 20)
            Gift.objects.filter(pk=gone.pk).delete()
        connection.close()

    deleting = threading.Thread(target=delete_once_the_one_before_is_waited_for)
    deleting.start()
    assert is_held.wait(20)
    answer = press(founder, gift, "erase", which="all")
    deleting.join()

    assert told(answer) == ["Erased. 1 more to the same address as well."]


def test_only_this_gift_is_erased_by_default(founder: Client, account: Account, now: datetime) -> None:
    gift, other = build.sent(account, now), build.sent(account, now)

    assert press(founder, gift, "erase", which="this").status_code == 302

    other.refresh_from_db()
    assert other.forgotten_at is None


def member(*codenames: str) -> Client:
    user = User.objects.create_user("sam", is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return signed_in(user)


def test_who_may_only_look_sees_no_button_and_no_link_that_opens_the_gift(account: Account, now: datetime) -> None:
    gift = build.sent(account, now)
    client = member("view_gift", "view_message")

    text = looked_at(client, gift)
    assert offered(client, gift) == set()
    assert gift.token not in text
    for name in BUTTONS:
        assert client.get(button(gift, name)).status_code == 403, name
        assert press(client, gift, name).status_code == 403, name
    preview = client.get(f"/admin/mails/{Message.objects.get(gift=gift, kind='gift').pk}/preview/").content.decode()
    assert gift.token not in preview
    assert "/g/hidden" in preview
    gift.refresh_from_db()
    assert gift.status == "sent"


def test_who_operates_does_not_erase_unless_allowed(account: Account, now: datetime) -> None:
    gift = build.sent(account, now)
    client = member("view_gift", "operate_gift")

    assert offered(client, gift) == {"resend", "withdraw"}
    assert press(client, gift, "erase").status_code == 403
    assert gift.token in looked_at(client, gift)


def test_each_part_of_the_page_needs_its_own_permission(account: Account, now: datetime) -> None:
    gift = build.sent(account, now)
    parts = {
        "mails": "view_message",
        "renders": "view_render",
        "jobs": "view_job",
        "webhooks": "view_webhookdelivery",
        "audit": "view_auditentry",
    }
    bare = looked_at(member("view_gift"), gift)
    assert [part for part in parts if f'<section class="gf-card" id="{part}"' in bare] == []
    User.objects.all().delete()
    full = looked_at(member("view_gift", *parts.values()), gift)
    assert [part for part in parts if f'<section class="gf-card" id="{part}"' not in full] == []


def test_what_cannot_be_undone_asks_first_who_it_is(founder: Client, account: Account, now: datetime) -> None:
    gift = build.sent(account, now)
    session = founder.session
    session["confirmed_at"] = (now - timedelta(hours=1)).timestamp()
    session.save()

    for name in ("withdraw", "erase"):
        answer = press(founder, gift, name)
        assert (answer.status_code, "/reauthenticate/" in answer["Location"]) == (302, True), name
    assert founder.get(button(gift, "resend")).status_code == 200
    gift.refresh_from_db()
    assert gift.status == "sent"


def test_a_gift_that_is_not_there_is_404(founder: Client) -> None:
    for name in BUTTONS:
        assert founder.get(f"/admin/gifts/{uuid4()}/{name}/").status_code == 404
    assert founder.get(f"/admin/mails/{uuid4()}/preview/").status_code == 404
    assert founder.get(f"/admin/api/gift/{uuid4()}/change/").status_code == 302
    assert founder.get("/admin/api/gift/nonsense/change/").status_code == 302
