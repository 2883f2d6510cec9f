"""A call with a key that never comes back, or comes back too late."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any

import psycopg2
import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Account
from accounts.services import issue_api_key
from api.exceptions import IdempotencyInProgressError, IdempotencyMismatchError
from api.gifts.models import Gift
from api.idempotency import services
from api.idempotency.keys import hash_body
from api.idempotency.models import IdempotentCall
from api.idempotency.services import Call, Claim
from api.templates.models import Template
from tests import build
from tests.conftest import NOW, client_for
from tests.idempotency.conftest import GIFTS, facts, let_time_pass, post, problem
from tests.waiting import eventually, waiting_backends

COMMIT = "django.db.backends.base.base.BaseDatabaseWrapper.commit:call"
CREATE = "api.gifts.services.editing.create_gift"
REMEMBER = "api.idempotency.services.remember"
POINTS = {
    "after the claim": (["api.idempotency.services.claim:return"], 0),
    "within the action": ([f"{CREATE}:call"], 0),
    "after the action": ([f"{CREATE}:return"], 0),
    "before the answer is kept": ([f"{REMEMBER}:call"], 0),
    "before the commit": ([f"{REMEMBER}:return", COMMIT], 0),
    "after the commit": (["api.idempotency.views.IdempotentPosts._answer_in_transaction:return"], 1),
}


@pytest.mark.parametrize(("points", "made"), POINTS.values(), ids=POINTS)
def test_a_kill_leaves_object_and_answer_or_neither_and_the_key_is_free_within_a_minute(
    points: list[str], made: int, transactional_db: None, account: Account, body: dict[str, Any]
) -> None:
    _, key = issue_api_key(account, name="shop", livemode=True, created_by="tests", now=NOW)
    api = APIClient(headers={"X-API-Key": key})

    killed_post(points, key, body)

    assert Gift.objects.count() == made
    if not made:
        assert problem(post(api, GIFTS, body)) == (409, "idempotency_in_progress")
        let_time_pass(timedelta(seconds=60))
    assert facts(post(api, GIFTS, body)) == (201, "true" if made else None)
    assert Gift.objects.count() == 1


def killed_post(points: list[str], key: str, body: dict[str, Any]) -> None:
    settings = connection.settings_dict
    address = "{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**settings)
    done = subprocess.run(
        [sys.executable, "-m", "tests.idempotency.poster", *points, "--", GIFTS, json.dumps(body)],
        env={**os.environ, "DATABASE_URL": f"postgres://{address}", "POSTERS_API_KEY": key},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, f"{points[-1]} was not passed: {done.stderr}"


@pytest.fixture
def call(account: Account) -> Call:
    return Call(account_id=account.pk, livemode=True, path=GIFTS, key="order-1001", body_hash=hash_body({}))


def test_a_running_call_is_a_conflict_to_come_back_after(api: APIClient, call: Call) -> None:
    services.claim(call, now=timezone.now())

    answer = post(api, GIFTS, {})

    assert problem(answer) == (409, "idempotency_in_progress")
    assert answer["Retry-After"] == "1"


def test_a_lost_call_is_taken_over_after_55_seconds_and_only_by_the_same_call(call: Call) -> None:
    first = services.claim(call, now=NOW)
    other = Call(**{**vars(call), "body_hash": hash_body({"message": "Other"})})
    lapsed = NOW + timedelta(seconds=55)

    with pytest.raises(IdempotencyInProgressError):
        services.claim(call, now=lapsed - timedelta(microseconds=1))
    with pytest.raises(IdempotencyMismatchError):
        services.claim(other, now=lapsed)
    second = services.claim(call, now=lapsed)

    assert isinstance(first, Claim)
    assert isinstance(second, Claim)
    assert not services.remember(first, status=201, body="{}")
    services.release(first)
    assert services.remember(second, status=201, body='{"id": 2}')
    assert services.claim(call, now=lapsed) == services.StoredAnswer(201, '{"id": 2}', None)


def test_a_lock_by_a_clock_of_next_year_does_not_hold(call: Call) -> None:
    services.claim(call, now=NOW + timedelta(days=365))

    assert isinstance(services.claim(call, now=NOW), Claim)


def test_whoever_comes_back_after_its_lock_undoes_what_it_did(
    transactional_db: None, account: Account, template: Template
) -> None:
    gift = build.draft(account, timezone.now())
    path = f"{GIFTS}/{gift.pk}/submit"
    slow = InBackground(lambda: post(client_for(account), path))
    with locked(gift):
        slow.start()
        eventually(waiting_backends, 15)
        let_time_pass(timedelta(seconds=60))
        row = IdempotentCall.objects.get()
        taken_over = services.claim(
            Call(account.pk, livemode=True, path=path, key=row.key, body_hash=row.body_hash), now=timezone.now()
        )

    assert problem(slow.result()) == (409, "idempotency_in_progress")
    gift.refresh_from_db()
    assert (gift.status, isinstance(taken_over, Claim)) == ("draft", True)


def test_a_connection_that_breaks_frees_the_key_at_once(
    transactional_db: None, account: Account, template: Template
) -> None:
    gift = build.draft(account, timezone.now())
    api, path = client_for(account), f"{GIFTS}/{gift.pk}/submit"
    broken = InBackground(lambda: post(client_for(account), path))
    with locked(gift):
        broken.start()
        waiting = eventually(waiting_backends, 15)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(unnest(%s))", [waiting])
        answer = broken.result()

    assert problem(answer) == (503, "unavailable")
    assert facts(post(api, path)) == (200, None)


@contextmanager
def locked(gift: Gift) -> Iterator[None]:
    """Whoever wants to change the gift waits, on another connection's lock."""
    settings = connection.settings_dict
    with closing(
        psycopg2.connect(
            host=settings["HOST"],
            port=settings["PORT"],
            user=settings["USER"],
            password=settings["PASSWORD"],
            dbname=settings["NAME"],
        )
    ) as other:
        with other.cursor() as cursor:
            cursor.execute("SELECT 1 FROM api_gift WHERE id = %s FOR UPDATE", [str(gift.pk)])
        yield


class InBackground:
    """A call from a thread with a connection of its own."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call = call
        self._answers: list[Any] = []
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def result(self) -> Any:
        self._thread.join(30)
        return self._answers[0]

    def _run(self) -> None:
        try:
            self._answers.append(self._call())
        finally:
            connection.close()
