"""Waking another copy of the function, against an AWS that counts."""

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from api import tick as clock
from api.outbox import registry, services, wakers
from api.outbox.models import Job
from api.outbox.registry import MARGIN, handles
from api.outbox.wakers import FunctionWaker
from local.ports import free_port
from tests.gateway.cold_start import Context
from tests.gateway.events import http_event


class Lambda(ThreadingHTTPServer):
    """Takes invocations, and holds each until `go_on` is set."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str | None, bytes]] = []
        self.status = 202
        self.go_on = threading.Event()
        self.go_on.set()
        self.has_one = threading.Event()
        super().__init__(("127.0.0.1", 0), LambdaHandler)


class LambdaHandler(BaseHTTPRequestHandler):
    server: Lambda

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls.append((self.path, self.headers["X-Amz-Invocation-Type"], body))
        self.server.has_one.set()
        self.server.go_on.wait(10)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[Lambda]:
    settings.WAKE_FUNCTION = "giftflick-dev"
    with Lambda() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def function_waker(aws: Lambda, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lambda]:
    """The application's own, in place of the laptop's; for it, no time goes by."""
    monkeypatch.setattr(wakers.invoke_function, "_clock", Clock())
    settings.OUTBOX_WAKER = "api.outbox.wakers.invoke_function"
    wakers._waker.cache_clear()
    wakers.invoke_function._spent_until = float("-inf")
    yield aws
    wakers._waker.cache_clear()


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_wake_up_starts_a_tick_and_does_not_wait_for_it(aws: Lambda) -> None:
    FunctionWaker()()

    assert aws.calls == [("/2015-03-31/functions/giftflick-dev/invocations", "Event", b'{"tick": true}')]


def test_a_process_wakes_for_each_of_a_few_changes_at_once(aws: Lambda) -> None:
    """The worker that the first one woke may have been through before the second one was there."""
    waker = FunctionWaker(clock=Clock())

    for _ in range(3):
        waker()

    assert len(aws.calls) == 3


def test_a_process_under_load_wakes_once_a_second(aws: Lambda) -> None:
    time = Clock()
    waker = FunctionWaker(clock=time)

    for _ in range(FunctionWaker.BURST + 5):
        waker()
    for seconds in (0.5, 0.4, 0.2):
        time.now += seconds
        waker()

    assert len(aws.calls) == FunctionWaker.BURST + 1


def test_what_was_not_woken_for_is_woken_for_by_the_next_request(aws: Lambda) -> None:
    """In dev there is no tick that would find it."""
    time = Clock()
    waker = FunctionWaker(clock=time)

    for _ in range(FunctionWaker.BURST):
        waker()
    waker.settle()
    assert len(aws.calls) == FunctionWaker.BURST

    waker()
    waker.settle()
    assert len(aws.calls) == FunctionWaker.BURST

    time.now += FunctionWaker.EVERY_S
    waker.settle()
    waker.settle()
    assert len(aws.calls) == FunctionWaker.BURST + 1


@pytest.mark.django_db(transaction=True)
def test_a_request_that_queues_nothing_wakes_for_those_before_it(function_waker: Lambda, now: datetime) -> None:
    from giftflick.lambda_entry import handler

    for _ in range(FunctionWaker.BURST + 1):
        services.enqueue("test", uuid4(), now=now)
    assert len(function_waker.calls) == FunctionWaker.BURST
    wakers.invoke_function._spent_until = float("-inf")  # a second later

    assert handler(http_event("/healthz"), Context())["statusCode"] == 200

    assert len(function_waker.calls) == FunctionWaker.BURST + 1


def test_a_process_has_one_wake_up_in_flight(aws: Lambda) -> None:
    time = Clock()
    waker = FunctionWaker(clock=time)
    aws.go_on.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(waker)
        assert aws.has_one.wait(10)
        time.now += 10
        waker()  # comes back at once
        aws.go_on.set()
        first.result()

    assert len(aws.calls) == 1


@pytest.mark.parametrize("status", [403, 429, 500])
def test_a_wake_up_that_is_refused_is_a_line_in_the_log(
    aws: Lambda, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    aws.status = status

    FunctionWaker()()

    assert [(record.message, vars(record)["reason"]) for record in caplog.records] == [
        ("no worker woken", f"HTTP {status}")
    ]


def test_a_wake_up_that_reaches_nobody_is_a_line_in_the_log(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.WAKE_FUNCTION = "giftflick-dev"
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")

    FunctionWaker()()

    assert [record.levelno for record in caplog.records] == [logging.WARNING]


@pytest.mark.django_db(transaction=True)
def test_workers_are_woken_once_a_transaction_and_after_it(function_waker: Lambda, now: datetime) -> None:
    with transaction.atomic():
        for _ in range(3):
            services.enqueue("test", uuid4(), now=now)
        assert function_waker.calls == []

    assert len(function_waker.calls) == 1


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_wakes_nobody(function_waker: Lambda, now: datetime) -> None:
    with transaction.atomic():
        services.enqueue("test", uuid4(), now=now)
        transaction.set_rollback(True)

    assert function_waker.calls == []


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(registry, "_entries", dict(registry._entries))
    return f"test-{uuid4().hex[:8]}"


@pytest.mark.django_db(transaction=True)
def test_a_tick_finds_what_its_own_jobs_write_and_wakes_nobody(
    function_waker: Lambda, kind: str, now: datetime
) -> None:
    @handles(kind)
    def handler(ref_id: UUID, *, now: datetime) -> None:
        if Job.objects.filter(kind=kind).count() < 3:
            services.enqueue(kind, uuid4(), now=now)

    Job.objects.create(kind=kind, dedupe_key=kind, ref_id=uuid4(), run_at=now, created_at=now)

    clock.tick(clock=lambda: now, budget=timedelta(minutes=1))

    assert (Job.objects.filter(kind=kind, state="done").count(), function_waker.calls) == (3, [])


@pytest.mark.django_db(transaction=True)
def test_a_tick_that_leaves_work_behind_wakes_another_worker(function_waker: Lambda, kind: str, now: datetime) -> None:
    Job.objects.create(kind=kind, dedupe_key=kind, ref_id=uuid4(), run_at=now, created_at=now)

    clock.tick(clock=lambda: now, budget=MARGIN)

    assert len(function_waker.calls) == 1


@pytest.mark.parametrize(
    "changes", [{"state": "done"}, {"state": "dead"}, {"run_at": timedelta(1)}, {"lease_until": timedelta(seconds=30)}]
)
@pytest.mark.django_db(transaction=True)
def test_what_nobody_could_claim_now_wakes_nobody(
    function_waker: Lambda, kind: str, now: datetime, changes: dict[str, Any]
) -> None:
    row = {"kind": kind, "dedupe_key": kind, "ref_id": uuid4(), "run_at": now, "created_at": now}
    set_to = {name: now + value if isinstance(value, timedelta) else value for name, value in changes.items()}
    Job.objects.create(**{**row, **set_to})

    clock.tick(clock=lambda: now, budget=MARGIN)

    assert function_waker.calls == []
