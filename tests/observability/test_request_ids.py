"""A request's id on its way: from the caller to the job's row, to the job's lines, to the vendor."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Account
from api import tick
from api.delivery.backends.base import Mail
from api.delivery.backends.sendgrid import SendGridBackend
from api.outbox.drain import drain
from api.outbox.models import Job
from api.outbox.services import enqueue
from api.templates.services import seed_templates
from api.webhooks.models import WebhookEndpoint
from giftflick.logs import request_id
from tests import build
from tests.conftest import Lines
from tests.observability import site
from tests.webhooks.receivers import Receiver, says

pytestmark = pytest.mark.django_db(transaction=True)

assert site.urlpatterns  # its jobs are registered
assert tick.HANDLERS  # and so are the product's

# As the code wrote jobs that was running while this migration was applied.
OLD_ENQUEUE = """
    INSERT INTO outbox (kind, dedupe_key, ref_id, run_at, state, attempts, last_error, created_at)
    VALUES (%s, %s, %s, %s, 'waiting', 0, '', %s) ON CONFLICT (dedupe_key) DO NOTHING
"""


@pytest.fixture
def now() -> datetime:
    """Requests look at the clock themselves."""
    return timezone.now()


def run_due() -> None:
    drain(clock=timezone.now, until=timezone.now() + timedelta(minutes=1))


def test_what_a_submit_causes_has_its_id_in_rows_lines_and_at_the_renderer(
    account: Account, api: APIClient, log_lines: Lines, now: datetime, renderer: Receiver
) -> None:
    seed_templates(now=now)
    gift = build.draft(account, now, template="birthday-confetti", livemode=True)

    assert api.post(f"/v1/gifts/{gift.pk}/submit", headers={"X-Request-Id": "order 4711"}).status_code == 200
    Job.objects.filter(kind="mail.send").delete()
    run_due()

    submission = Job.objects.get(kind="render.submit")
    assert set(Job.objects.values_list("kind", "request_id")) >= {
        ("render.submit", "order 4711"),
        ("render.poll", "order 4711"),  # which the first one queued
    }
    assert renderer.received[0].headers["x-request-id"] == "order 4711"
    caused = [line for line in log_lines() if line.get("request_id") == "order 4711"]
    call, job = [line for line in caused if line["logger"] in ("giftflick.vendors", "giftflick.jobs")][:2]
    assert (call["vendor"], call["operation"], call["status"]) == ("renderer", "submit", 201)
    assert {name: job[name] for name in ("job", "kind", "ref", "attempt", "outcome")} == {
        "job": submission.pk,
        "kind": "render.submit",
        "ref": str(submission.ref_id),
        "attempt": 1,
        "outcome": "done",
    }


def test_a_webhook_has_the_id_of_what_it_tells_of(account: Account, api: APIClient, now: datetime) -> None:
    WebhookEndpoint.objects.create(
        account=account,
        livemode=True,
        url="https://shop.example/hook",
        types=["gift.canceled"],
        created_at=now,
        updated_at=now,
    )
    gift = build.draft(account, now, livemode=True)

    assert api.post(f"/v1/gifts/{gift.pk}/cancel", headers={"X-Request-Id": "order 4711"}).status_code == 200

    assert Job.objects.get(kind="webhook.deliver").request_id == "order 4711"


def test_sendgrid_which_keeps_all_for_ever_gets_no_id_of_a_request(
    mail: Mail, log_lines: Lines, vendor: Receiver
) -> None:
    vendor.answer = says(202, b"", "Connection: close")
    backend = SendGridBackend(url=vendor.url(""), api_key="SG.key", sender="gifts@giftflick.example")
    mark = request_id.set("order 4711")

    backend.send(mail)

    request_id.reset(mark)
    (received,) = vendor.received
    assert "order 4711" not in f"{received.headers} {received.body.decode()}"
    assert [line["request_id"] for line in log_lines()] == ["order 4711"]


def test_a_job_of_the_code_before_runs_and_has_an_id_of_its_own(log_lines: Lines, now: datetime) -> None:
    ref_id = uuid4()
    with connection.cursor() as cursor:
        cursor.execute(OLD_ENQUEUE, ["tests.vendor", "old", ref_id, now, now])

    run_due()

    job = Job.objects.get()
    assert [(line["message"], line["request_id"]) for line in log_lines()] == [
        ("vendor call", f"job-{job.pk}"),
        ("job", f"job-{job.pk}"),
    ]


def test_a_crashed_job_is_a_line_with_its_place_and_an_error(stage: str, log_lines: Lines, now: datetime) -> None:
    mark = request_id.set("order 4711")
    enqueue("tests.crash", uuid4(), now=now)
    request_id.reset(mark)

    run_due()

    crash, metric, job = log_lines()
    assert (crash["level"], crash["exception"], crash["kind"]) == ("error", "ValueError", "tests.crash")
    assert crash["traceback"][-1].endswith(" crash_job")
    assert metric["Errors"] == 1
    assert (job["outcome"], job["job"], crash["job"]) == ("retry", Job.objects.get().pk, Job.objects.get().pk)
    assert {line["request_id"] for line in (crash, metric, job)} == {"order 4711"}
