"""What founders may do to many rows: a batch, worked off by the services, whose words stand in its result."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

import api.tick  # noqa: F401 - registers the kinds of batches
from accounts.models import Account, User
from api.audit.wording import what
from api.batches import services as batches
from api.batches.models import Batch
from api.delivery.models import Message
from api.gifts.models import Gift, GiftEvent
from api.gifts.states import GiftStatus
from api.outbox.models import Job
from api.suppressions.services import suppress_address
from api.suppressions.states import SuppressionReason
from giftflick import admin_bulk
from tests import build
from tests.admin.conftest import dead_job, tried_webhook
from tests.admin.signing import signed_in

GIFTS = "/admin/api/gift/"
JOBS = "/admin/api/job/"
MAILS = "/admin/api/message/"
ACCOUNTS = "/admin/accounts/account/"

pytestmark = pytest.mark.usefixtures("template")

Form = dict[str, Any]


def choose(page: str, client: Client, action: str, *rows: object, **more: str) -> Any:
    """Press Run; the answer asks whether that is meant."""
    chosen = {"action": action, "_selected_action": [str(row) for row in rows], "index": "0", **more}
    return client.post(page, chosen)


def confirmed(asked: Any, **changes: object) -> Form:
    """The form that asks, as it is sent."""
    names = ["action", "select_across", "upto", "count", "token"]
    filled = {name: str(asked.context[name]) for name in names}
    reason = {"reason": "the shop asked", "confirmed": "yes"}
    return {**filled, "_selected_action": asked.context["selected"], **reason, **changes}


def run(page: str, client: Client, action: str, *rows: object, **more: str) -> Batch:
    """Choose, confirm and have it worked off."""
    asked = choose(page, client, action, *rows, **more)
    assert asked.status_code == 200
    answer = client.post(page, confirmed(asked))
    batch = Batch.objects.latest("id")
    assert answer["Location"] == f"/admin/batches/{batch.pk}/"
    while batches.run_slice(batch.pk, now=timezone.now()) is not None:
        pass  # a slice has its seconds, not its number of items
    batch.refresh_from_db()
    return batch


def outcomes(batch: Batch) -> list[tuple[str, str]]:
    return list(batch.items.order_by("position").values_list("state", "detail"))


def told(answer: Any) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


def waiting_for_approval(account: Account, now: datetime) -> Gift:
    return build.filmed(build.rendering(account, now, approval={"required": True}, **in_a_week(now)), now)


def waiting_for_payment(account: Account, now: datetime) -> Gift:
    return build.ready(account, now, **in_a_week(now))


def in_a_week(now: datetime) -> dict[str, Any]:
    return {"deliver_at": (now + timedelta(days=7)).isoformat()}


@pytest.mark.parametrize(
    ("action", "build_gift", "status", "event"),
    [
        ("render_again", build.failed, "rendering", "gift.rendering"),
        ("resend", build.sent, "sent", "gift.resent"),
        ("approve", waiting_for_approval, "scheduled", "gift.approved"),
        ("mark_paid", waiting_for_payment, "scheduled", "order.paid"),
        ("cancel", build.sent, "canceled", "gift.canceled"),
    ],
)
def test_an_action_does_its_service_under_the_founders_name(
    action: str,
    build_gift: Callable[[Account, datetime], Gift],
    status: str,
    event: str,
    founder: Client,
    account: Account,
    now: datetime,
) -> None:
    gift = build_gift(account, now)

    batch = run(GIFTS, founder, action, gift.pk)

    gift.refresh_from_db()
    assert gift.status == status
    assert GiftEvent.objects.filter(gift=gift, type=event).latest("at").actor == "staff:ada"
    assert (batch.state, batch.created_by, batch.why) == ("done", "staff:ada", "the shop asked")
    assert batch.title.endswith(": 1 gift")
    assert outcomes(batch) == [("done", f"The gift is {status}.")]
    assert [item.label for item in batch.items.all()] == ["Confetti Shop"]
    history = founder.get(f"{GIFTS}{gift.pk}/history/").content.decode()
    assert f"{what(event).capitalize()}</a> by ada" in history


@pytest.mark.parametrize(
    ("action", "status", "words"),
    [
        ("render_again", GiftStatus.DRAFT, "cannot be rendered again"),
        ("resend", GiftStatus.DRAFT, "cannot be sent again"),
        ("approve", GiftStatus.CANCELED, "cannot be approved any more"),
        ("mark_paid", GiftStatus.CANCELED, "its order cannot be paid any more"),
        ("cancel", GiftStatus.EXPIRED, "cannot be canceled"),
    ],
)
def test_a_refusal_is_told_in_the_services_words(
    action: str, status: GiftStatus, words: str, founder: Client, account: Account, now: datetime
) -> None:
    gift = build.in_state(status, account, now)

    batch = run(GIFTS, founder, action, gift.pk)

    [(state, detail)] = outcomes(batch)
    assert state == "failed"
    assert detail.startswith(f"This gift is {status} and {words}.")
    gift.refresh_from_db()
    assert gift.status == status


def test_a_refused_row_stops_no_other(founder: Client, account: Account, now: datetime) -> None:
    draft, expired, failed = build.draft(account, now), build.expired(account, now), build.failed(account, now)

    batch = run(GIFTS, founder, "cancel", draft.pk, expired.pk, failed.pk)

    assert [state for state, _ in outcomes(batch)] == ["done", "failed", "done"]
    assert sorted(gift.status for gift in Gift.objects.all()) == ["canceled", "canceled", "expired"]


def test_a_missing_upload_is_named_as_the_reason(founder: Client, account: Account, now: datetime) -> None:
    upload = build.ready_upload(account, now)
    gift = build.filmed(build.rendering(account, now, media=[upload.pk], order={"required": True}), now)
    type(upload).objects.filter(pk=upload.pk).update(status="expired")

    batch = run(GIFTS, founder, "render_again", gift.pk)

    assert outcomes(batch) == [("failed", "An upload of this gift is not there any more.")]


def test_it_is_asked_first_with_the_number_and_what_will_happen(
    founder: Client, account: Account, now: datetime
) -> None:
    gifts = [build.draft(account, now) for _ in range(2)]

    asked = choose(GIFTS, founder, "cancel", *(gift.pk for gift in gifts))

    text = asked.content.decode()
    assert "Cancel and withdraw: 2 gifts?" in text
    assert "This cannot be undone." in text
    assert Gift.objects.filter(status="draft").count() == 2
    assert not Batch.objects.exists()


@pytest.mark.parametrize("reason", ["  ", "ok", "x" * 501, "because\0"])
def test_without_a_reason_that_can_be_kept_nothing_starts(
    reason: str, founder: Client, account: Account, now: datetime
) -> None:
    asked = choose(GIFTS, founder, "cancel", build.draft(account, now).pk)

    answer = founder.post(GIFTS, confirmed(asked, reason=reason))

    assert list(answer.context["form"].errors) == ["reason"]
    assert not Batch.objects.exists()


def test_what_is_dangerous_asks_again_who_it_is_as_a_single_rows_page_does(
    founder: Client, account: Account, now: datetime
) -> None:
    page = f"{GIFTS}?status__exact=draft"
    gift = build.draft(account, now)
    suppression = suppress_address("ben@example.com", reason=SuppressionReason.ASKED, actor="staff:ada", now=now)
    form = confirmed(choose(page, founder, "cancel", gift.pk))
    session = founder.session
    del session["confirmed_at"]
    session.save()

    asked = choose(page, founder, "cancel", gift.pk)
    answers = [
        asked,
        founder.post(page, form),
        choose(ACCOUNTS, founder, "suspend", account.pk),
        choose("/admin/api/suppression/", founder, "lift", suppression.pk),
        choose(JOBS, founder, "forget", dead_job(now).pk),
    ]

    assert asked["Location"] == f"/admin/reauthenticate/?{urlencode({'next': page})}"
    assert told(asked) == ["Nothing was done yet. Once you have shown who you are, choose the rows again."]
    assert {answer["Location"].partition("?")[0] for answer in answers} == {"/admin/reauthenticate/"}
    assert not Batch.objects.exists()
    assert choose(page, founder, "approve", gift.pk).status_code == 200


def test_a_form_sent_twice_starts_one_batch(founder: Client, account: Account, now: datetime) -> None:
    form = confirmed(choose(GIFTS, founder, "cancel", build.draft(account, now).pk))

    answers = [founder.post(GIFTS, form) for _ in range(2)]

    assert len({answer["Location"] for answer in answers}) == 1
    assert Batch.objects.count() == 1


def test_a_gift_that_is_gone_meanwhile_is_no_crash(founder: Client, account: Account, now: datetime) -> None:
    gift = build.draft(account, now)
    asked = choose(GIFTS, founder, "cancel", gift.pk)
    Gift.objects.all().delete()

    assert told(founder.post(GIFTS, confirmed(asked))) == [
        "Nothing is left of what you chose: nothing was done.",
    ]
    assert not Batch.objects.exists()


def test_everything_that_a_filter_and_a_search_found_across_pages(
    founder: Client, account: Account, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_bulk, "READ_AT_ONCE", 7)
    for number in range(60):
        build.draft(account, now, recipient={"name": "Ben", "email": f"ben{number % 2}@example.com"})
    page, first = f"{GIFTS}?status__exact=draft&q=ben1@example.com", Gift.objects.latest("pk").pk

    batch = run(page, founder, "cancel", first, select_across="1")

    assert (batch.total, batch.done_count) == (30, 30)
    assert Gift.objects.filter(status="canceled", recipient_email="ben1@example.com").count() == 30
    assert Gift.objects.filter(status="draft", recipient_email="ben0@example.com").count() == 30


def test_what_comes_in_while_somebody_thinks_is_not_meant(founder: Client, account: Account, now: datetime) -> None:
    old = build.draft(account, now)
    asked = choose(f"{GIFTS}?status__exact=draft", founder, "cancel", old.pk, select_across="1")
    new = build.draft(account, now)

    founder.post(f"{GIFTS}?status__exact=draft", confirmed(asked))

    assert [item.ref_id for item in Batch.objects.get().items.all()] == [str(old.pk)]
    assert str(new.pk) != str(old.pk)


def test_another_number_than_was_confirmed_is_asked_again(founder: Client, account: Account, now: datetime) -> None:
    drafts = [build.draft(account, now) for _ in range(3)]
    page = f"{GIFTS}?status__exact=draft"
    asked = choose(page, founder, "cancel", drafts[0].pk, select_across="1")
    Gift.objects.filter(pk=drafts[1].pk).update(status="failed")

    answer = founder.post(page, confirmed(asked))

    assert "another number of rows by now" in answer.content.decode()
    assert answer.context["count"] == 2
    assert not Batch.objects.exists()


def test_more_than_a_batch_may_have_is_refused_in_words(
    founder: Client, account: Account, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_bulk, "LARGEST", 2)
    drafts = [build.draft(account, now) for _ in range(3)]

    answer = choose(GIFTS, founder, "cancel", drafts[0].pk, select_across="1")

    [words] = told(answer)
    assert "too many for one batch" in words
    assert not Batch.objects.exists()


def test_who_may_not_operate_starts_nothing(account: Account, now: datetime) -> None:
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(*Permission.objects.filter(codename__startswith="view_"))
    gift = build.draft(account, now)
    form = {"action": "cancel", "_selected_action": [str(gift.pk)], "count": "1", "upto": "", "token": ""}

    signed_in(viewer).post(GIFTS, {**form, "reason": "x", "confirmed": "yes"})

    assert not Batch.objects.exists()


def test_dead_jobs_are_revived_and_others_are_left_alone(founder: Client, now: datetime) -> None:
    dead, done = dead_job(now), dead_job(now)
    Job.objects.filter(pk=done.pk).update(state="done")

    batch = run(JOBS, founder, "try_again", dead.pk, done.pk)

    assert [state for state, _ in outcomes(batch)] == ["done", "failed"]
    dead.refresh_from_db()
    done.refresh_from_db()
    assert (dead.state, dead.attempts, dead.lease_token, done.state) == ("waiting", 0, None, "done")


def test_dead_jobs_that_nobody_wants_done_are_forgotten_and_others_are_left_alone(
    founder: Client, now: datetime
) -> None:
    dead, waiting = dead_job(now), dead_job(now)
    Job.objects.filter(pk=waiting.pk).update(state="waiting")

    batch = run(JOBS, founder, "forget", dead.pk, waiting.pk)

    assert [state for state, _ in outcomes(batch)] == ["done", "failed"]
    assert list(Job.objects.exclude(kind="batch.run").values_list("pk", flat=True)) == [waiting.pk]


def test_mails_are_sent_again_by_their_gifts_once_each(founder: Client, account: Account, now: datetime) -> None:
    gift = build.sent(account, now)
    mails = Message.objects.filter(gift=gift)
    assert mails.count() > 1

    batch = run(MAILS, founder, "resend", *mails.values_list("pk", flat=True))

    assert list(batch.items.values_list("ref_id", "state")) == [(str(gift.pk), "done")]
    assert gift.events.filter(type="gift.resent").count() == 1


def test_a_suspended_account_is_shut_out_until_it_is_resumed(
    founder: Client, account: Account, other_account: Account, api: APIClient, other_api: APIClient
) -> None:
    assert outcomes(run(ACCOUNTS, founder, "suspend", account.pk)) == [("done", "Suspended: every key is refused.")]
    assert (api.get("/v1/account").status_code, other_api.get("/v1/account").status_code) == (403, 200)

    assert outcomes(run(ACCOUNTS, founder, "resume", account.pk)) == [("done", "Resumed: its keys work again.")]
    assert api.get("/v1/account").status_code == 200
    assert "Account suspended" in founder.get(f"{ACCOUNTS}{account.pk}/history/").content.decode()


def test_webhooks_are_switched_on_and_delivered_again(founder: Client, account: Account, now: datetime) -> None:
    delivery = tried_webhook(account, now)
    endpoint = delivery.endpoint
    type(endpoint).objects.filter(pk=endpoint.pk).update(enabled=False)

    assert outcomes(run("/admin/api/webhookendpoint/", founder, "enable", endpoint.pk)) == [("done", "Switched on.")]
    assert outcomes(run("/admin/api/webhookdelivery/", founder, "redeliver", delivery.pk)) == [
        ("done", "To be delivered again.")
    ]
    endpoint.refresh_from_db()
    assert endpoint.enabled
