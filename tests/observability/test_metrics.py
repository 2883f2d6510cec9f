"""Metrics as CloudWatch reads them off the log."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import Account
from api.delivery import services as delivery
from api.delivery.models import Message
from api.exceptions import BackendError
from api.gifts import services
from api.gifts.tasks import submit_render
from api.outbox.selectors import QueueState, queue_state
from api.outbox.services import LEASE, claim, enqueue, give_up
from api.templates.services import seed_templates
from api.tick import tick
from giftflick import metrics
from tests import build
from tests.conftest import Lines
from tests.webhooks.receivers import Receiver, says

SECOND = timedelta(seconds=1)
MANY_JOBS = """
    INSERT INTO outbox (kind, dedupe_key, ref_id, run_at, state, attempts, last_error, created_at)
    SELECT 'kind', 'many-' || n, gen_random_uuid(), now(), 'done', 1, '', now() FROM generate_series(1, 20000) AS n
"""


def figures(lines: list[dict[str, Any]]) -> list[dict[str, float]]:
    """Each metrics line's."""
    return [{name: line[name] for name in metrics.Figures.__annotations__ if name in line} for line in embedded(lines)]


def embedded(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [line for line in lines if "_aws" in line]


def test_a_line_is_in_the_embedded_metric_format(stage: str, log_lines: Lines) -> None:
    metrics.put(Ticks=1, QueueAge=12.5)

    (line,) = log_lines()
    assert line.pop("at") > "2026"
    assert isinstance(line["_aws"].pop("Timestamp"), int)
    assert line == {
        "level": "info",
        "logger": "giftflick.metrics",
        "message": "metrics",
        "_aws": {
            "CloudWatchMetrics": [
                {
                    "Namespace": "Giftflick",
                    "Dimensions": [["Stage"]],
                    "Metrics": [{"Name": "Ticks", "Unit": "Count"}, {"Name": "QueueAge", "Unit": "Seconds"}],
                }
            ]
        },
        "Stage": "staging",
        "Ticks": 1,
        "QueueAge": 12.5,
    }


def test_without_a_stage_there_are_no_metrics(settings: Settings, log_lines: Lines) -> None:
    settings.STAGE = ""

    metrics.put(Errors=1)

    assert log_lines() == []


@pytest.mark.django_db(transaction=True)
def test_a_tick_is_one_line_with_the_queues_state(stage: str, log_lines: Lines, now: datetime) -> None:
    enqueue("keys.sync", uuid4(), now=now - timedelta(seconds=90), dedupe_key="dead")
    (dead,) = claim(now=now, limit=1)
    give_up(dead, now=now, reason="hopeless")
    enqueue("keys.sync", uuid4(), now=now - timedelta(seconds=400))

    tick(clock=lambda: now, budget=timedelta())

    assert figures(log_lines()) == [{"Ticks": 1, "QueueAge": 400.0, "DeadJobs": 1}]


@pytest.mark.django_db
def test_the_queues_state_is_one_query(now: datetime, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        assert queue_state(now=now) == QueueState(age=timedelta(), dead=0)


@pytest.mark.django_db
def test_a_job_that_runs_or_is_not_due_does_not_wait_and_one_whose_worker_died_does(now: datetime) -> None:
    enqueue("kind", uuid4(), now=now, run_at=now + SECOND)
    enqueue("kind", uuid4(), now=now - 60 * SECOND)
    assert len(claim(now=now, limit=10)) == 1

    assert queue_state(now=now).age == timedelta()
    assert queue_state(now=now + LEASE).age == 60 * SECOND + LEASE


@pytest.mark.django_db
def test_the_queues_state_is_read_off_indexes(now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(MANY_JOBS)
        cursor.execute("ANALYZE outbox")
        queries = _captured(cursor, now)

    assert "outbox_runnable" in queries
    assert "outbox_dead" in queries
    assert "Seq Scan" not in queries


def _captured(cursor: Any, now: datetime) -> str:
    """PostgreSQL's plan of the one query."""
    plans: list[str] = []

    def explain(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        cursor.cursor.execute(f"EXPLAIN {sql}", params)
        plans.extend(row[0] for row in cursor.cursor.fetchall())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        queue_state(now=now)
    return "\n".join(plans)


@pytest.mark.django_db(transaction=True)
def test_a_verified_film_is_a_render_done(stage: str, account: Account, log_lines: Lines, now: datetime) -> None:
    gift = build.rendering(account, now)
    services.apply_film(build.awaited(gift), build.FILM, now=now)
    services.apply_film(build.awaited(gift), build.FILM, now=now)  # its second callback

    assert figures(log_lines()) == [{"RendersDone": 1}]


@pytest.mark.django_db(transaction=True)
def test_a_failed_render_is_counted_once(stage: str, account: Account, log_lines: Lines, now: datetime) -> None:
    gift = build.rendering(account, now)
    render = build.awaited(gift)
    services.apply_render_failure(render, build.HOPELESS, now=now)
    services.apply_render_failure(render, build.HOPELESS, now=now)

    assert figures(log_lines()) == [{"RendersFailed": 1}]


@pytest.mark.django_db(transaction=True)
def test_an_order_that_the_renderer_does_not_take_is_a_failure_at_once(
    stage: str, account: Account, log_lines: Lines, now: datetime, renderer: Receiver
) -> None:
    renderer.answer = says(429, b"{}", "Connection: close")
    seed_templates(now=now)
    render = build.awaited(build.rendering(account, now, template="birthday-confetti"))

    with pytest.raises(BackendError):
        submit_render(render.pk, now=now)

    assert figures(log_lines()) == [{"RendersFailed": 1}]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("to", "counted"), [("ben@example.com", "MailsAccepted"), ("", "MailsFailed")])
def test_each_call_for_a_mail_is_counted_by_its_outcome(
    to: str, counted: str, stage: str, account: Account, log_lines: Lines, now: datetime
) -> None:
    gift = build.rendering(account, now)
    receipt = Message.objects.get(gift=gift, kind="receipt")
    Message.objects.filter(pk=receipt.pk).update(to_email=to)
    message = delivery.begin_sending(receipt.pk, now=now)
    assert message is not None

    delivery.send(message, now=now)

    assert figures(log_lines()) == [{counted: 1}]


@pytest.mark.django_db(transaction=True)
def test_a_test_gifts_mail_that_does_not_leave_is_not_counted(
    stage: str, account: Account, log_lines: Lines, now: datetime
) -> None:
    gift = build.draft(account, now, livemode=False)
    services.submit_gift(gift.pk, actor="tests", now=now)
    message = delivery.begin_sending(Message.objects.get(gift=gift).pk, now=now)
    assert message is not None

    delivery.send(message, now=now)

    assert figures(log_lines()) == []
