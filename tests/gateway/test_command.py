"""`make gateway` and `python -m local.gateway` as their users meet them."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.ports import HOST
from local.stack import Stack
from tests.gateway.wire import send
from tests.local.test_run import Run, left_over
from tests.system import System


@pytest.fixture
def fresh(stack: Stack, system: System, tmp_path: Path) -> System:
    """A system of the same environment, with nothing started."""
    return System(stack, system.env["DATABASE_URL"], tmp_path)


@pytest.fixture(scope="module")
def shared_gateway(stack: Stack, system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    shared = System(stack, system.env["DATABASE_URL"], tmp_path_factory.mktemp("shared"))
    try:
        shared.start_gateway("--copies", "1")
        yield shared
    finally:
        shared.stop()


def test_make_gateway_serves_the_site_behind_the_gateway_and_leaves_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with Run(home, "--gateway") as run:
        account = run.call("GET", "/v1/account", "api_key")
        keyless = send(run.facts["base_url"], "GET", "/v1/account")
        pages = [run.look("docs_url"), run.look("admin_url"), run.look("mailbox_url")]
        style = send(run.facts["base_url"], "GET", "/static/giftflick/giftflick.css")
        family = run.tree.children(recursive=True)
        code, _, err = run.stop()

    assert (account["name"], keyless.words) == ("Confetti Shop", (401, {"message": "Unauthorized"}))
    assert pages == [200, 200, 200]
    assert (style.status, style.headers["Content-Type"]) == (200, "text/css")
    assert (code, err) == (0, "")
    assert left_over(home, family) == []


@pytest.mark.django_db(transaction=True)
def test_a_system_in_a_test_can_be_served_through_the_gateway(fresh: System) -> None:
    try:
        fresh.start_gateway("--copies", "1", "--keep", "0")

        assert send(fresh.base_url, "GET", "/healthz").status == 200
        assert send(fresh.base_url, "GET", "/v1/account").words == (401, {"message": "Unauthorized"})
    finally:
        fresh.stop()


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/nothing.css",
        "/static/giftflick",
        "/static/../manage.py",
        "/static/%2e%2e/%2e%2e/manage.py",
        "/static//etc/passwd",
        "/static/%2Fetc%2Fpasswd",
        "/static/giftflick%00.css",
    ],
)
@pytest.mark.django_db(transaction=True)
def test_only_static_files_are_served_as_static_files(shared_gateway: System, path: str) -> None:
    assert send(shared_gateway.base_url, "GET", path).status == 404


def test_a_port_that_is_taken_is_told_in_one_line(fresh: System, tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as taken:
        done = fresh.run("-m", "local.gateway", "--logs", tmp_path, "--port", str(taken.getsockname()[1]))

    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert "Address already in use" in done.stderr


def test_a_site_that_cannot_start_is_told_with_its_reason_in_one_line(fresh: System, tmp_path: Path) -> None:
    del fresh.env["SECRET_KEY"]

    done = fresh.run("-m", "local.gateway", "--logs", tmp_path)

    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert "SECRET_KEY is not set" in done.stderr
