"""Dead jobs come back, and the figures are right and cheap."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Account
from accounts.services import issue_api_key, revoke_api_key
from accounts.tasks import SYNC_HOUR, schedule_sync
from api.gifts import services
from api.outbox import selectors
from api.outbox.models import Job
from api.stats import figures, gifts_by_status
from api.templates.models import Template
from giftflick.remote import CommandFailedError, run
from tests import build
from tests.gateway.cold_start import Context


@pytest.fixture
def now() -> datetime:
    """Commands look at the clock themselves."""
    return timezone.now()


def job(now: datetime, kind: str = "mail.send", state: str = "dead", **changes: Any) -> Job:
    finished_at = None if state == "waiting" else now
    fields = {"ref_id": uuid4(), "run_at": now, "created_at": now, "attempts": 9, "finished_at": finished_at}
    return Job.objects.create(kind=kind, dedupe_key=uuid4().hex, state=state, **{**fields, **changes})


@pytest.mark.django_db
def test_dead_jobs_get_all_their_attempts_again_and_others_are_left(now: datetime) -> None:
    dead, done, waiting = job(now), job(now, state="done"), job(now, state="waiting", attempts=3)

    assert run("requeue_jobs") == {"requeued": 1, "dead": 0}
    assert run("requeue_jobs") == {"requeued": 0, "dead": 0}

    for row in (dead, done, waiting):
        row.refresh_from_db()
    assert (dead.state, dead.attempts) == ("waiting", 0)
    assert (done.state, waiting.attempts) == ("done", 3)


@pytest.mark.django_db
def test_jobs_of_one_kind_and_so_many_of_them_the_oldest_first(now: datetime) -> None:
    mails, films = [job(now) for _ in range(3)], [job(now, "film.delete") for _ in range(2)]

    assert run("requeue_jobs --kind=mail.send --limit=2") == {"requeued": 2, "dead": 3}

    dead = set(Job.objects.filter(state="dead").values_list("pk", flat=True))
    assert dead == {mails[2].pk, *[film.pk for film in films]}


@pytest.mark.django_db
@pytest.mark.parametrize("option", ["--kind=mail", "--kind=", "--limit=0", "--limit=10001", "--limit=x", "--limit=1.5"])
def test_what_makes_no_sense_is_told(option: str, now: datetime) -> None:
    job(now)

    with pytest.raises(CommandFailedError, match=option.partition("=")[0]):
        run(f"requeue_jobs {option}")

    assert Job.objects.filter(state="dead").count() == 1


@pytest.mark.usefixtures("standing_clock")
@pytest.mark.django_db
def test_the_figures_are_those_of_what_is_there(account: Account, template: Template, now: datetime) -> None:
    for _ in range(2):
        build.sent(account, now)
    build.failed(account, now)
    Job.objects.all().delete()
    job(now)
    job(now, state="waiting", run_at=now - timedelta(minutes=7))
    job(now, state="waiting", run_at=now + timedelta(minutes=7))
    _, ended = [issue_api_key(account, name="x", livemode=True, created_by="t", now=now)[0] for _ in range(2)]
    revoke_api_key(ended, revoked_by="t", now=now)

    answer = run("stats")

    assert answer["gifts"] == {"is_estimate": False, "sent": 2, "failed": 1}
    assert answer["today"]["renders"] == {"succeeded": 2, "failed": 1}
    assert answer["today"]["mails"]["accepted"] == 2
    assert answer["jobs"]["dead"] == 1
    assert answer["jobs"]["waiting"] == 2
    assert 7 * 60 <= answer["jobs"]["oldest_due_s"] < 8 * 60
    assert answer["keys"] == {"live": 1, "expiring": 0, "expired": 0, "revoked": 1}
    assert answer["release"]
    assert json.dumps(answer)


@pytest.mark.django_db
def test_earlier_mails_and_renders_are_not_todays(account: Account, template: Template, now: datetime) -> None:
    build.sent(account, now)

    later = figures(now=now + timedelta(days=2))  # a row's id, which is of the true time, may be of tomorrow

    assert later["today"] == {"renders": {}, "mails": {}}
    assert figures(now=now)["today"]["renders"] == {"succeeded": 1}


@pytest.mark.django_db
def test_many_gifts_are_estimated_without_reading_them(account: Account, template: Template, now: datetime) -> None:
    drafts = [build.draft(account, now) for _ in range(6)]
    for gift in drafts[:2]:
        services.cancel_gift(gift.pk, actor="t", now=now)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE api_gift")

    with CaptureQueriesContext(connection) as asked:
        estimated = gifts_by_status(counted_up_to=5)

    assert estimated == {"is_estimate": True, "draft": 4, "canceled": 2}
    assert not any('"api_gift"' in query["sql"] for query in asked)
    assert gifts_by_status(counted_up_to=6) == {"is_estimate": False, "draft": 4, "canceled": 2}


@pytest.mark.django_db
def test_nothing_at_all_is_a_figure_too(now: datetime) -> None:
    answer = run("stats")

    assert answer["jobs"] == {"waiting": 0, "oldest_due_s": 0, "dead": 0}


@pytest.mark.django_db
def test_counting_jobs_ends_at_a_number(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    monkeypatch.setattr(selectors, "COUNTED_TO", 2)
    for _ in range(3):
        job(now)
        job(now, state="waiting")

    assert (selectors.count_dead(), selectors.count_waiting()) == (2, 2)


class ShortOfTime(Context):
    def get_remaining_time_in_millis(self) -> int:
        return 10_000


@pytest.mark.parametrize(("context", "ran"), [(Context(), 1), (ShortOfTime(), 0)])
@pytest.mark.django_db(transaction=True)
def test_a_tick_from_afar_starts_no_job_that_its_invocation_would_cut_off(
    now: datetime, context: Context, ran: int
) -> None:
    from giftflick.lambda_entry import handler

    schedule_sync(now.replace(hour=SYNC_HOUR))
    Job.objects.update(state="done", finished_at=now)  # else a tick between three and four does the day's sync, too
    job(now, "upload.delete", state="waiting", attempts=0)

    found = handler({"manage": "tick --seconds=900"}, context)

    done = Job.objects.filter(kind="upload.delete", state="done").count()
    assert (found.get("jobs", 0), done) == (ran, ran)
