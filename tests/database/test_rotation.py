"""Logins that are made, and exchanged while the application works."""

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest
from botocore.exceptions import ClientError

from giftflick.console_roles import ROLES
from giftflick.database import logins
from giftflick.database.rotation import prepare, rotate, rotate_console
from giftflick.database.stored import StoredLoginError, StoredLogins
from local.environment import inherited_environment
from local.migrations import PROJECT
from tests.database.conftest import run

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

CurrentLogin = Callable[[], dict[str, Any]]


def test_a_new_database_gets_its_roles_and_first_login(stored: StoredLogins, login: CurrentLogin) -> None:
    assert prepare(stored) == {"login": "giftflick_a", "outcome": "made"}

    assert run(login(), "SELECT session_user, current_user") == [("giftflick_a", "giftflick")]
    assert run(login(), "CREATE TABLE gift (id int); SELECT tableowner FROM pg_tables WHERE tablename = 'gift'") == [
        ("giftflick",)
    ]


def test_the_logins_may_do_nothing_beyond_their_database(stored: StoredLogins, login: CurrentLogin) -> None:
    prepare(stored)

    for forbidden in ("CREATE ROLE evil", "CREATE DATABASE evil", "ALTER ROLE giftflick_b PASSWORD 'x'", "SET ROLE x"):
        with pytest.raises(psycopg2.Error):
            run(login(), forbidden)
    assert run(login(), "SELECT rolname FROM pg_roles WHERE rolname LIKE 'giftflick%' AND rolsuper") == []


def test_what_the_admin_makes_by_hand_is_the_applications_too(stored: StoredLogins, login: CurrentLogin) -> None:
    prepare(stored)
    admin = stored.read_admin()
    with logins.alone(admin) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE by_hand (id serial)")

    assert run(login(), "INSERT INTO by_hand DEFAULT VALUES RETURNING id") == [(1,)]


def test_the_consoles_logins_are_made_with_it_and_own_nothing(
    stored: StoredLogins, manager: "SecretsManagerClient"
) -> None:
    prepare(stored)
    found = stored.read_console()

    assert list(found) == list(ROLES)
    for role, login in found.items():
        [attributes] = run(vars(login), "SELECT rolinherit, rolsuper, rolconnlimit FROM pg_roles WHERE rolname = user")
        assert attributes == (False, False, 8)
        assert run(vars(login), "SELECT 1 FROM pg_auth_members WHERE member = user::regrole") == []
        assert run(vars(login), "SHOW default_transaction_read_only") == [("on",)]
        for forbidden in ("CREATE TABLE t (id int)", "CREATE TEMP TABLE t (id int)", "SET ROLE giftflick"):
            with pytest.raises(psycopg2.Error):
                run(vars(login), forbidden)
        assert role == login.username


def test_preparing_leaves_the_consoles_logins_alone_and_mends_what_is_refused(
    stored: StoredLogins, manager: "SecretsManagerClient"
) -> None:
    prepare(stored)
    before = stored.read_console()
    prepare(stored)
    assert stored.read_console() == before
    with logins.alone(stored.read_admin()) as connection, connection.cursor() as cursor:
        cursor.execute(f"ALTER ROLE {ROLES[0]} PASSWORD 'another'")

    prepare(stored)

    after = stored.read_console()
    assert after[ROLES[0]].password != before[ROLES[0]].password
    assert all(login.works() for login in after.values())


def test_preparing_gives_the_consoles_logins_todays_limits(stored: StoredLogins) -> None:
    prepare(stored)
    admin = stored.read_admin()
    for change in ("CONNECTION LIMIT 99", "INHERIT", "SET statement_timeout TO '9h'"):
        run(vars(admin), f"ALTER ROLE {ROLES[0]} {change}")

    prepare(stored)

    told = "SELECT rolconnlimit, rolinherit, 'statement_timeout=6s' = ANY(rolconfig) FROM pg_roles WHERE rolname = '{}'"
    assert run(vars(admin), told.format(ROLES[0])) == [(8, False, True)]


def test_rotating_gives_the_consoles_logins_other_passwords(stored: StoredLogins) -> None:
    prepare(stored)
    before = stored.read_console()

    assert rotate_console(stored) == {"logins": "giftflick_console and giftflick_console_pii"}

    after = stored.read_console()
    assert all(login.works() for login in after.values())
    assert not any(login.works() for login in before.values())


def test_preparing_again_changes_nothing(stored: StoredLogins, login: CurrentLogin) -> None:
    prepare(stored)
    before = login()

    assert prepare(stored) == {"login": "giftflick_a", "outcome": "unchanged"}
    assert login() == before


def test_preparing_at_the_same_time_makes_one_login(stored: StoredLogins, login: CurrentLogin) -> None:
    with ThreadPoolExecutor(4) as pool:
        done = [future.result() for future in [pool.submit(prepare, stored) for _ in range(4)]]

    assert sorted(outcome["outcome"] for outcome in done) == ["made", "unchanged", "unchanged", "unchanged"]
    assert run(login(), "SELECT 1") == [(1,)]


def test_preparing_mends_a_login_that_is_refused(stored: StoredLogins, login: CurrentLogin) -> None:
    prepare(stored)
    with logins.alone(stored.read_admin()) as connection, connection.cursor() as cursor:
        cursor.execute("ALTER ROLE giftflick_a PASSWORD 'another'")
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        run(login(), "SELECT 1")

    assert prepare(stored) == {"login": "giftflick_a", "outcome": "mended"}
    assert run(login(), "SELECT 1") == [(1,)]


def test_preparing_points_the_login_to_a_cluster_that_took_another_ones_place(
    stored: StoredLogins, login: CurrentLogin, manager: "SecretsManagerClient"
) -> None:
    prepare(stored)
    elsewhere = json.dumps({**login(), "host": "gone.example"})
    manager.put_secret_value(SecretId=stored.application, SecretString=elsewhere)

    assert prepare(stored)["outcome"] == "mended"
    assert run(login(), "SELECT 1") == [(1,)]


def test_the_logins_take_turns_and_the_one_before_goes_on_working(stored: StoredLogins, login: CurrentLogin) -> None:
    prepare(stored)
    used = [login()]
    for expected in ("giftflick_b", "giftflick_a", "giftflick_b"):
        assert rotate(stored)["login"] == expected
        used.append(login())

        assert [run(one, "SELECT session_user") for one in used[-2:]] == [[(one["username"],)] for one in used[-2:]]
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        run(used[0], "SELECT 1")


def test_a_rotation_without_a_login_says_what_to_do(stored: StoredLogins) -> None:
    with pytest.raises(StoredLoginError, match="run prepare_database"):
        rotate(stored)


class CrashError(Exception):
    """The process ends here."""


@pytest.mark.parametrize("step", ["give_password", "write_application"])
@pytest.mark.parametrize("is_done", [False, True])
@pytest.mark.parametrize("act", [prepare, rotate])
def test_a_crash_anywhere_leaves_secret_and_login_together(
    stored: StoredLogins,
    login: CurrentLogin,
    monkeypatch: pytest.MonkeyPatch,
    act: Callable[[StoredLogins], dict[str, str]],
    step: str,
    is_done: bool,
) -> None:
    if act is rotate:
        prepare(stored)
    owner = logins if step == "give_password" else StoredLogins
    real = getattr(owner, step)

    def crash(*arguments: Any) -> None:
        if is_done:
            real(*arguments)
        raise CrashError

    with monkeypatch.context() as crashing:
        crashing.setattr(owner, step, crash)
        with pytest.raises(CrashError):
            act(stored)

    if act is rotate:
        assert run(login(), "SELECT 1") == [(1,)]
    act(stored)
    assert run(login(), "SELECT 1") == [(1,)]


def test_nobody_is_refused_while_logins_are_rotated_under_load(
    stored: StoredLogins, release: dict[str, str], login: CurrentLogin
) -> None:
    """Fresh connections of the application's own kind, in a process that learns of the rotations by being refused."""
    prepare(stored)
    load = subprocess.Popen(
        [sys.executable, "-m", "tests.database.load"],
        env={**inherited_environment(), **release},
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert load.stdout is not None
    assert load.stdin is not None
    for rotation in range(7):
        if rotation:
            rotate(stored)
        load.stdin.write("ten\n")
        load.stdin.flush()
        assert load.stdout.readline() == "ten more\n"

    told = json.loads(load.communicate("stop\n", timeout=30)[0])

    assert told == {"failures": [], "logins": ["giftflick_a", "giftflick_b"]}


def manage(release: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env={**inherited_environment(), **release},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_commands_say_what_they_did_and_no_secret(
    release: dict[str, str], stored: StoredLogins, login: CurrentLogin
) -> None:
    prepared = manage(release, "prepare_database")
    first = login()
    migrated = manage(release, "migrate", "--no-input")
    granted = manage(release, "prepare_console")
    console = stored.read_console()
    exchanged = manage(release, "rotate_console")
    rotated = manage(release, "rotate_database")

    assert json.loads(prepared.stdout) == {"login": "giftflick_a", "outcome": "made"}, prepared.stderr
    assert migrated.returncode == 0, migrated.stderr
    assert run(login(), "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'") == [("giftflick",)]
    assert {**json.loads(rotated.stdout), "version": ""} == {
        "login": "giftflick_b",
        "before": "giftflick_a",
        "version": "",
    }
    told = json.loads(granted.stdout)
    assert (told["logins"], told["answering"]) == (list(ROLES), list(ROLES)), granted.stderr
    assert json.loads(exchanged.stdout) == {"logins": "giftflick_console and giftflick_console_pii"}, exchanged.stderr
    said = "".join(done.stdout + done.stderr for done in (prepared, migrated, granted, exchanged, rotated))
    for one in (*console.values(), *stored.read_console().values()):
        assert one.password not in said
    assert first["password"] not in said
    assert login()["password"] not in said


@pytest.mark.parametrize("command", ["prepare_database", "rotate_database"])
@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"DATABASE_ADMIN_SECRET": ""}, "DATABASE_ADMIN_SECRET is not set: this command runs in the release function"),
        ({"DATABASE_HOST": ""}, "DATABASE_ADMIN_SECRET must hold host"),
        ({"DATABASE_ADMIN_SECRET": "nowhere"}, "Secrets Manager answered ResourceNotFoundException to DescribeSecret"),
        ({"DATABASE_SSLMODE": "require"}, "The database: connection to server"),
    ],
)
def test_a_command_that_cannot_do_it_says_why_in_one_line(
    release: dict[str, str], command: str, changes: dict[str, str], problem: str
) -> None:
    done = manage({**release, **changes}, command)

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"CommandError: {problem}")
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_secret_with_somebody_elses_login_is_left_alone(
    stored: StoredLogins, login: CurrentLogin, manager: "SecretsManagerClient"
) -> None:
    prepare(stored)
    theirs = {**login(), "username": "postgres"}
    manager.put_secret_value(SecretId=stored.application, SecretString=json.dumps(theirs))

    with pytest.raises(StoredLoginError, match="one of the logins giftflick_a and giftflick_b"):
        rotate(stored)
    assert login() == theirs


def test_a_secret_that_is_not_there_is_not_taken_for_an_empty_one(stored: StoredLogins) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        StoredLogins("nowhere", stored.admin, stored.host, stored.port, stored.sslmode).read_application()
