"""What founders may do to gifts, jobs and accounts: the services' work, in the services' words."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import Account
from api.audit.wording import what
from api.gifts.models import Gift, GiftEvent
from api.gifts.states import GiftStatus
from api.outbox.models import Job
from api.templates.models import Template
from tests import build
from tests.admin.conftest import dead_job, run_action

GIFTS = "/admin/api/gift/"
JOBS = "/admin/api/job/"
ACCOUNTS = "/admin/accounts/account/"

pytestmark = pytest.mark.usefixtures("template")


def waiting_for_approval(account: Account, now: datetime) -> Gift:
    return build.filmed(build.rendering(account, now, approval={"required": True}, **in_a_week(now)), now)


def waiting_for_payment(account: Account, now: datetime) -> Gift:
    return build.ready(account, now, **in_a_week(now))


def in_a_week(now: datetime) -> dict[str, Any]:
    return {"deliver_at": (now + timedelta(days=7)).isoformat()}


@pytest.mark.parametrize(
    ("action", "build_gift", "status", "event", "told"),
    [
        ("render_again", build.failed, "rendering", "gift.rendering", "Rendering again: 1."),
        ("resend", build.sent, "sent", "gift.resent", "Sending again: 1."),
        ("approve", waiting_for_approval, "scheduled", "gift.approved", "Approved: 1."),
        ("mark_paid", waiting_for_payment, "scheduled", "order.paid", "Marked as paid: 1."),
        ("cancel", build.sent, "canceled", "gift.canceled", "Canceled: 1."),
    ],
)
def test_an_action_does_its_service_under_the_founders_name(
    action: str,
    build_gift: Callable[[Account, datetime], Gift],
    status: str,
    event: str,
    told: str,
    founder: Client,
    account: Account,
    now: datetime,
) -> None:
    gift = build_gift(account, now)

    assert run_action(founder, GIFTS, action, gift.pk) == [told]

    gift.refresh_from_db()
    assert gift.status == status
    assert GiftEvent.objects.filter(gift=gift, type=event).latest("at").actor == "staff:ada"
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

    messages = run_action(founder, GIFTS, action, gift.pk)

    assert len(messages) == 1
    assert messages[0].startswith(f"gift {gift.pk}: This gift is {status} and {words}.")
    gift.refresh_from_db()
    assert gift.status == status


def test_a_refused_row_stops_no_other(founder: Client, account: Account, now: datetime) -> None:
    draft, failed, expired = build.draft(account, now), build.failed(account, now), build.expired(account, now)

    messages = run_action(founder, GIFTS, "cancel", draft.pk, expired.pk, failed.pk)

    assert [gift.status for gift in Gift.objects.order_by("pk")] == ["canceled", "canceled", "expired"]
    assert [message.partition(":")[0] for message in messages] == [f"gift {expired.pk}", "Canceled"]


def test_a_missing_upload_is_named_as_the_reason(founder: Client, account: Account, now: datetime) -> None:
    upload = build.ready_upload(account, now)
    gift = build.filmed(build.rendering(account, now, media=[upload.pk], order={"required": True}), now)
    type(upload).objects.filter(pk=upload.pk).update(status="expired")

    messages = run_action(founder, GIFTS, "render_again", gift.pk)

    assert messages == [f"gift {gift.pk}: An upload of this gift is not there any more."]


def test_a_gift_that_is_gone_meanwhile_is_no_crash(founder: Client, account: Account, now: datetime) -> None:
    gift = build.draft(account, now)
    Gift.objects.all().delete()

    assert run_action(founder, GIFTS, "cancel", gift.pk) == []


def test_a_dead_job_is_revived_and_others_are_left_alone(founder: Client, now: datetime) -> None:
    dead, done = dead_job(now), dead_job(now)
    Job.objects.filter(pk=done.pk).update(state="done")

    messages = run_action(founder, JOBS, "try_again", dead.pk, done.pk)

    assert messages == ["Will be tried again: 1. Jobs that are not dead were left alone."]
    dead.refresh_from_db()
    done.refresh_from_db()
    assert (dead.state, dead.attempts, dead.lease_token, done.state) == ("waiting", 0, None, "done")


def test_a_dead_job_that_nobody_wants_done_is_forgotten_and_others_are_left_alone(
    founder: Client, now: datetime
) -> None:
    dead, waiting = dead_job(now), dead_job(now)
    Job.objects.filter(pk=waiting.pk).update(state="waiting")

    messages = run_action(founder, JOBS, "forget", dead.pk, waiting.pk)

    assert messages == ["Forgotten: 1. Jobs that are not dead were left alone."]
    assert list(Job.objects.values_list("pk", flat=True)) == [waiting.pk]


def test_a_suspended_account_is_shut_out_until_it_is_resumed(
    founder: Client, account: Account, other_account: Account, api: APIClient, other_api: APIClient
) -> None:
    assert run_action(founder, ACCOUNTS, "suspend", account.pk) == ["Suspended: 1."]
    assert (api.get("/v1/account").status_code, other_api.get("/v1/account").status_code) == (403, 200)

    assert run_action(founder, ACCOUNTS, "resume", account.pk) == ["Resumed: 1."]
    assert api.get("/v1/account").status_code == 200
    assert "Account suspended" in founder.get(f"{ACCOUNTS}{account.pk}/history/").content.decode()


def test_an_action_on_everything_that_a_search_found(
    founder: Client, account: Account, template: Template, now: datetime
) -> None:
    for number in range(60):
        build.draft(account, now, recipient={"name": "Ben", "email": f"ben{number % 2}@example.com"})

    founder.post(
        f"{GIFTS}?q=ben1@example.com",
        {"action": "cancel", "select_across": "1", "_selected_action": [str(Gift.objects.latest("pk").pk)]},
    )

    assert Gift.objects.filter(status="canceled", recipient_email="ben1@example.com").count() == 30
    assert Gift.objects.filter(status="draft", recipient_email="ben0@example.com").count() == 30
