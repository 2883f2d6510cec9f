"""Lambda on this machine: under AWS's own runtime client, and under ours, which takes its place on macOS."""

import importlib.util
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from local.environment import inherited_environment
from local.lambda_runtime import (
    AWSS_CLIENT,
    OWN_CLIENT,
    Function,
    FunctionError,
    FunctionTimeoutError,
    ThrottledError,
    TooLargeAnswerError,
    TooLargeEventError,
)
from local.runtime_api import LARGEST_PAYLOAD, deadline_ms
from tests.descendants import descendants

FOLDER = Path(__file__).parent
CLIENTS = [client for client in (AWSS_CLIENT, OWN_CLIENT) if importlib.util.find_spec(client)]


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def function(client: str, tmp_path: Path) -> Iterator[Function]:
    with make("functions.obey", tmp_path, client=client) as function:
        function.start()
        yield function


def make(handler: str, folder: Path, **options: Any) -> Function:
    return Function("sample", handler, env=inherited_environment(), logs=folder / "logs", folder=FOLDER, **options)


def test_a_function_answers_and_knows_how_much_time_it_has(function: Function) -> None:
    answer = function.invoke({"text": "Grüße \U0001f600"})

    assert answer["event"] == {"text": "Grüße \U0001f600"}
    assert 20_000 < answer["left_ms"] <= 30_000


@pytest.mark.parametrize("microsecond", [0, 1, 499, 500, 501, 999])
def test_nobody_has_more_time_than_the_time_out(microsecond: int) -> None:
    begun_ns = (1_795_000_000_123_000 + microsecond) * 1000

    # AWS's client takes the whole milliseconds that have gone by from the deadline
    assert deadline_ms(begun_ns, 30) - begun_ns // 1_000_000 == 30_000


def test_one_copy_answers_call_after_call(function: Function) -> None:
    assert len({function.invoke({})["pid"] for _ in range(20)}) == 1


def test_what_the_handler_raises_is_told_and_its_process_goes_on(function: Function) -> None:
    before = function.invoke({})["pid"]

    with pytest.raises(FunctionError, match=r"^sample: ValueError: no such thing$"):
        function.invoke({"raise": "no such thing"})

    assert function.invoke({})["pid"] == before


@pytest.mark.parametrize("order", [{"die": True}, {"leave": 0}, {"leave": 3}])
def test_a_process_that_ends_is_told_and_replaced(function: Function, order: dict[str, Any]) -> None:
    before = function.invoke({})["pid"]

    with pytest.raises(FunctionError, match=r"^sample: sample ended \(exit code \d+\)"):
        function.invoke(order)

    assert function.invoke({})["pid"] != before


def test_a_function_that_takes_too_long_is_killed_and_replaced(client: str, tmp_path: Path) -> None:
    with make("functions.obey", tmp_path, client=client, timeout_s=3) as function:
        function.start()
        before = function.invoke({})["pid"]

        with pytest.raises(FunctionTimeoutError):
            function.invoke({"sleep": 20})

        assert not psutil.pid_exists(before)
        assert function.invoke({})["pid"] != before


def test_lambdas_limit_is_exact_for_the_event(function: Function) -> None:
    room = LARGEST_PAYLOAD - len('{"letters": 5, "padding": ""}')

    assert function.invoke({"letters": 5, "padding": "x" * room}) == "xxx"
    with pytest.raises(TooLargeEventError):
        function.invoke({"letters": 5, "padding": "x" * (room + 1)})


def test_lambdas_limit_is_exact_for_the_answer(function: Function) -> None:
    assert len(function.invoke({"letters": LARGEST_PAYLOAD})) == LARGEST_PAYLOAD - 2

    with pytest.raises(TooLargeAnswerError):
        function.invoke({"letters": LARGEST_PAYLOAD + 1})
    assert function.invoke({})["event"] == {}


@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        ("nowhere.handler", "No module named 'nowhere'"),
        ("functions.nobody", "nobody"),
        ("broken.handler", "cannot come up"),
    ],
)
def test_a_handler_that_cannot_be_imported_is_told_with_its_reason(
    client: str, tmp_path: Path, handler: str, reason: str
) -> None:
    (tmp_path / "broken.py").write_text("raise RuntimeError('cannot come up')\n")
    (tmp_path / "functions.py").touch()

    with Function(
        "sample", handler, env=inherited_environment(), logs=tmp_path, folder=tmp_path, client=client
    ) as function:
        with pytest.raises(FunctionError, match=reason):
            function.start()
        assert alive(tmp_path) == []


def test_copies_run_at_the_same_time(client: str, tmp_path: Path) -> None:
    meeting = tmp_path / "meeting"
    meeting.mkdir()

    with make("functions.obey", tmp_path, client=client, copies=3) as function, ThreadPoolExecutor(3) as pool:
        function.start()
        calls = [pool.submit(function.invoke, {"await": str(meeting), "guests": 3}) for _ in range(3)]

        assert len({call.result()["pid"] for call in calls}) == 3


def test_a_call_that_finds_all_copies_busy_is_throttled_in_the_end(client: str, tmp_path: Path) -> None:
    with make("functions.obey", tmp_path, client=client, timeout_s=0.2) as function:
        function.start()
        function._idle.get()  # as a call does that goes on for ever

        with pytest.raises(ThrottledError):
            function.invoke({})


def test_a_function_sees_the_variables_it_was_given_and_no_others(client: str, tmp_path: Path) -> None:
    (tmp_path / "looker.py").write_text("import os\ndef look(event, context):\n    return dict(os.environ)\n")

    env = {"KEY_TABLE": "keys"}
    with Function("looker", "looker.look", env=env, logs=tmp_path, folder=tmp_path, client=client) as function:
        function.start()
        seen = function.invoke({})

    assert seen["KEY_TABLE"] == "keys"
    assert seen["AWS_LAMBDA_FUNCTION_NAME"] == "looker"
    assert "DATABASE_URL" not in seen
    assert "HOME" not in seen


def test_a_function_with_packages_of_its_own_sees_no_others(client: str, tmp_path: Path) -> None:
    """`six` comes with `python-dateutil`; the others are here as well."""
    (tmp_path / "looker.py").write_text(
        "from importlib.util import find_spec\n"
        "def look(event, context):\n"
        "    return [name for name in event['names'] if find_spec(name)]\n"
    )
    names = ["json", "looker", "dateutil", "six", "django", "yaml", "giftflick", "pip"]

    with Function(
        "looker",
        "looker.look",
        env={},
        logs=tmp_path / "logs",
        folder=tmp_path,
        only=["python-dateutil"],
        client=client,
    ) as function:
        assert function.invoke({"names": names}) == ["json", "looker", "dateutil", "six"]


def test_nothing_is_left_of_a_stopped_function(client: str, tmp_path: Path) -> None:
    function = make("functions.obey", tmp_path, client=client, copies=2)
    function.start()
    assert len(alive(tmp_path)) > 0

    function.stop()
    function.stop()

    assert alive(tmp_path) == []


def test_of_a_retired_function_every_idle_copy_is_stopped(client: str, tmp_path: Path) -> None:
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    with make("functions.obey", tmp_path, client=client, copies=3) as function, ThreadPoolExecutor(3) as pool:
        function.start()
        list(pool.map(function.invoke, [{"await": str(meeting), "guests": 3}] * 3))

        function.retire()

        assert alive(tmp_path) == []
        assert function.invoke({})["event"] == {}


def alive(folder: Path) -> list[psutil.Process]:
    """The processes whose output goes to this folder."""
    return descendants(psutil.Process(), lambda child: str(folder) in str([file.path for file in child.open_files()]))
