"""The function as AWS runs it: cold starts, crashes and timeouts in its log, and at Sentry; no secret in either."""

import gzip
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from accounts.tasks import SYNC_HOUR, schedule_sync
from api.outbox.models import Job
from api.outbox.services import enqueue
from giftflick.logs import request_id
from local.gateway.functions import SITE
from local.lambda_runtime import Function, FunctionError, FunctionTimeoutError
from local.ports import free_port
from tests.gateway.events import http_event
from tests.observability import site
from tests.system import System
from tests.waiting import eventually
from tests.webhooks.receivers import Receiver

pytestmark = pytest.mark.django_db(transaction=True)

assert site.urlpatterns  # its jobs are known here as well

TOKEN = "tok-hush-1f9c"
KEY = "gf_live_hush00000000_1f9c"
EMAIL = "ben.hush@example.com"
SIGNED = "https://bucket.example/renders/x.mp4?X-Amz-Signature=hush"
EDGE = "edge-hush-1f9c"
BODY = {"email": EMAIL, "name": "Ben Hush", "media": SIGNED}
HEADERS = {
    "host": "127.0.0.1",
    "x-forwarded-proto": "https",
    "x-forwarded-port": "443",
    "content-type": "application/json",
    "x-api-key": KEY,
    "authorization": f"Bearer {KEY}",
    "user-agent": f"browser of {EMAIL}",
    "referer": SIGNED,
    "baggage": f"sentry-user_id={EMAIL}",
}
CANARY = re.compile("hush", re.IGNORECASE)

Json = dict[str, Any]
Make = Callable[..., "Watched"]


class Watched:
    """A function of one copy, and its log."""

    def __init__(self, function: Function, logs: Path) -> None:
        self._function = function
        self._logs = logs

    def invoke(self, event: Json) -> Json:
        answer: Json = self._function.invoke(through_edge(event))
        return answer

    def text(self) -> str:
        return "".join(file.read_text() for file in sorted(self._logs.glob("*.log")))

    def lines(self, **having: object) -> list[Json]:
        """Those in JSON, with these values."""
        lines = [json.loads(line) for line in self.text().splitlines() if line.startswith("{")]
        return [line for line in lines if having.items() <= line.items()]


@pytest.fixture
def make(system: System, tmp_path: Path) -> Iterator[Make]:
    """Functions with the routes of `tests.observability.site`, in stage staging."""
    started: list[Function] = []

    def start(*, timeout_s: float = 30, **variables: str) -> Watched:
        env = {
            **system.env,
            "DJANGO_SETTINGS_MODULE": "tests.observability.site_settings",
            "STAGE": "staging",
            "EDGE_SECRET": EDGE,
            "RELEASE": "abc1234",
            **variables,
        }
        function = Function("site", SITE, env=env, logs=tmp_path, timeout_s=timeout_s)
        started.append(function)
        function.start()
        return Watched(function, tmp_path)

    yield start
    for function in started:
        function.stop()


@pytest.fixture
def sentry(vendor: Receiver) -> "Sentry":
    return Sentry(vendor)


class Sentry:
    def __init__(self, receiver: Receiver) -> None:
        self.dsn = f"http://public@127.0.0.1:{receiver.port}/42"
        self._receiver = receiver

    def text(self) -> str:
        """All that it was sent, as it was sent."""
        return "\n".join(self._unpacked())

    def first(self, number: int) -> list[Json]:
        """All events, once there are so many: an answer waits for a slow Sentry no longer than a second."""
        eventually(lambda: len(self.events()) >= number, 10, self.text)
        return self.events()

    def events(self) -> list[Json]:
        """An envelope is a line about itself, then a line about each item and the item."""
        return [json.loads(envelope.splitlines()[2]) for envelope in self._unpacked()]

    def _unpacked(self) -> list[str]:
        assert all(received.path == "/api/42/envelope/" for received in self._receiver.received)
        return [gzip.decompress(received.body).decode() for received in self._receiver.received]


def through_edge(event: Json) -> Json:
    """An HTTP event with the header that CloudFront adds; any other as it is."""
    headers = event.get("headers")
    return {**event, "headers": {**headers, "X-Origin-Secret": EDGE}} if isinstance(headers, dict) else event


def called(path: str, *, own_id: str = "order-4711") -> Json:
    headers = HEADERS | {"x-request-id": own_id}
    cookies = [f"sessionid={KEY}"]
    query = f"email={EMAIL}&token={TOKEN}"
    return http_event(path, method="POST", query=query, headers=headers, cookies=cookies, body=json.dumps(BODY))


@contextmanager
def caused_by(own_id: str) -> Iterator[None]:
    mark = request_id.set(own_id)
    yield
    request_id.reset(mark)


def end_query_of_killed_process() -> None:
    """PostgreSQL finds out by itself only when it has something to say."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(60)%'")
        assert cursor.rowcount == 1


def without_canaries(*texts: str) -> bool:
    return not any(CANARY.search(text) for text in texts)


def test_the_first_event_of_a_process_is_a_cold_start_and_no_other(make: Make) -> None:
    function = make()

    for _ in range(2):
        function.invoke(http_event("/healthz"))

    assert [line["cold_start"] for line in function.lines(message="request")] == [True, False]
    assert [(line["ColdStarts"], line["Stage"]) for line in function.lines(message="metrics")] == [(1, "staging")]


def test_a_ping_may_be_the_cold_start(make: Make) -> None:
    function = make()

    function.invoke({"keep_warm": True})
    function.invoke(http_event("/healthz"))

    assert [line["ColdStarts"] for line in function.lines(message="metrics")] == [1]
    assert [line["cold_start"] for line in function.lines(message="request")] == [False]


def test_crashes_are_told_by_place_in_the_log_and_at_sentry(make: Make, sentry: Sentry) -> None:
    function = make(SENTRY_DSN=sentry.dsn)

    answers = [function.invoke(called(f"/v1/crash/{TOKEN}")), function.invoke(called(f"/collide/{TOKEN}"))]

    assert [answer["statusCode"] for answer in answers] == [500, 500]
    assert [line["Errors"] for line in function.lines(message="metrics") if "Errors" in line] == [1, 1]
    crash, collision = sentry.first(2)
    assert {name: crash[name] for name in ("level", "release", "environment", "transaction", "tags")} == {
        "level": "error",
        "release": "abc1234",
        "environment": "staging",
        "transaction": "/v1/crash/{token}",
        "tags": {"request_id": "order-4711"},
    }
    cause, error = crash["exception"]["values"]
    assert (cause["type"], error["type"], error["mechanism"]["handled"]) == ("ValueError", "KeyError", False)
    place = error["stacktrace"]["frames"][-1]
    assert (place["module"], place["function"], "vars" in place) == ("tests.observability.site", "crash", False)
    assert (collision["transaction"], collision["exception"]["values"][-1]["type"]) == (
        "/collide/{token}",
        "IntegrityError",
    )
    assert without_canaries(function.text(), sentry.text(), str(answers))


def test_a_slow_request_is_a_transaction_at_sentry_and_a_fast_one_is_not(make: Make, sentry: Sentry) -> None:
    function = make(SENTRY_DSN=sentry.dsn)

    for path in ("/healthz", "/v1/gifts", f"/nowhere/{TOKEN}", f"/slow/{TOKEN}"):
        function.invoke(called(path))

    (slow,) = sentry.first(1)
    assert {name: slow[name] for name in ("type", "release", "environment", "transaction", "tags")} == {
        "type": "transaction",
        "release": "abc1234",
        "environment": "staging",
        "transaction": "/slow/{token}",
        "tags": {"request_id": "order-4711"},
    }
    assert [span["description"] for span in slow["spans"] if span["op"] == "db"] == ["SELECT pg_sleep(1.1), %s"]
    assert without_canaries(function.text(), sentry.text())


def test_a_slow_request_without_a_route_is_not_called_by_its_path(make: Make, sentry: Sentry) -> None:
    function = make(SENTRY_DSN=sentry.dsn)

    assert function.invoke(called(f"/lost/{TOKEN}"))["statusCode"] == 404

    assert [event["transaction"] for event in sentry.first(1)] == ["no route"]
    assert without_canaries(function.text(), sentry.text())


def test_a_request_that_runs_out_of_time_is_told_of_before_it_is_killed(make: Make, sentry: Sentry) -> None:
    function = make(timeout_s=3, SENTRY_DSN=sentry.dsn)

    with pytest.raises(FunctionTimeoutError):
        function.invoke(called(f"/hang/{TOKEN}"))
    end_query_of_killed_process()

    (line,) = function.lines(message="out of time")
    assert any(place.endswith(" hang") for place in line["threads"]["MainThread"])
    assert line["request_id"] == "order-4711"
    assert [metric["Timeouts"] for metric in function.lines(message="metrics") if "Timeouts" in metric] == [1]
    (event,) = sentry.first(1)
    assert (event["level"], event["logentry"]["message"]) == ("fatal", "out of time")
    (thread,) = [thread for thread in event["threads"]["values"] if thread["name"] == "MainThread"]
    assert "hang" in [frame["function"] for frame in thread["stacktrace"]["frames"]]
    assert event["tags"] == {"request_id": "order-4711"}
    assert without_canaries(function.text(), sentry.text())


def test_a_job_that_crashes_in_a_tick_is_told_of_with_the_request_that_caused_it(make: Make, sentry: Sentry) -> None:
    function = make(SENTRY_DSN=sentry.dsn)
    now = timezone.now() - timedelta(seconds=60)
    function.invoke(http_event("/healthz"))  # imports the routes, and with them the job
    schedule_sync(now.replace(hour=SYNC_HOUR))
    Job.objects.update(state="done", finished_at=now)  # else a tick between three and four does the day's sync, too
    with caused_by("order-4711"):
        enqueue("tests.crash", uuid4(), now=now)

    assert function.invoke({"tick": True}) == {"jobs": 1}

    (job,) = function.lines(message="job")
    assert (job["outcome"], job["request_id"]) == ("retry", "order-4711")
    (tick,) = [line for line in function.lines(message="metrics") if "Ticks" in line]
    assert (tick["Ticks"], tick["DeadJobs"]) == (1, 0)
    assert 60 <= tick["QueueAge"] < 120
    (event,) = sentry.first(1)
    assert (event["exception"]["values"][-1]["type"], event["extra"]["kind"]) == ("ValueError", "tests.crash")
    assert event["tags"] == {"request_id": "order-4711"}
    assert "ben@" not in function.text() + sentry.text()


@pytest.mark.parametrize("headers", [["hush"], "hush", {"x-hush": 7}])
def test_an_exception_of_somebody_elses_leaves_the_function_without_its_words(
    headers: Any, make: Make, sentry: Sentry
) -> None:
    function = make(SENTRY_DSN=sentry.dsn)

    with pytest.raises(FunctionError, match="CrashError: AttributeError; the log says where"):
        function.invoke({**http_event("/healthz"), "headers": headers})

    (line,) = function.lines(message="invocation crashed")
    assert line["exception"] == "AttributeError"
    assert [metric["Errors"] for metric in function.lines(message="metrics") if "Errors" in metric] == [1]
    assert [event["exception"]["values"][-1]["type"] for event in sentry.first(1)] == ["AttributeError"]


def test_what_this_function_refuses_keeps_its_words(make: Make) -> None:
    function = make()

    with pytest.raises(FunctionError, match="RefusedEventError: This function serves"):
        function.invoke({"anything": TOKEN})

    assert without_canaries(function.text())


def test_a_sentry_that_is_away_costs_an_answer_no_more_than_a_second_or_two(make: Make) -> None:
    function = make(timeout_s=10, SENTRY_DSN=f"http://public@127.0.0.1:{free_port()}/42")

    answer = function.invoke(called(f"/v1/crash/{TOKEN}"))

    assert answer["statusCode"] == 500
    assert without_canaries(function.text())


@pytest.mark.parametrize("dsn", ["hush", "https://sentry.example/42", "ftp://hush@sentry.example/42"])
def test_a_dsn_that_is_none_is_said_and_the_site_works(make: Make, dsn: str) -> None:
    function = make(SENTRY_DSN=dsn)

    assert function.invoke(http_event("/healthz"))["statusCode"] == 200

    (line,) = function.lines(logger="giftflick.sentry")
    assert line["message"] == "SENTRY_DSN is not a DSN, so nothing is reported to Sentry"
    assert without_canaries(function.text())


def test_without_a_dsn_nothing_of_sentry_is_imported(system: System, tmp_path: Path) -> None:
    events = tmp_path / "events.json"
    asked = [http_event("/healthz"), called(f"/v1/crash/{TOKEN}"), {"keep_warm": True}]
    events.write_text(json.dumps([through_edge(event) for event in asked]))

    done = system.run("-m", "tests.gateway.cold_start", "[]", events, STAGE="staging", EDGE_SECRET=EDGE)

    assert done.returncode == 0, done.stderr
    modules = json.loads(done.stdout.splitlines()[-1])["modules"]
    assert [module for module in modules if module.startswith("sentry_sdk")] == []
    assert "giftflick.sentry" in modules
