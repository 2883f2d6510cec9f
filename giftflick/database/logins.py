"""The database's roles: an owner that nobody logs in as, two logins, of which the application uses one at a time, and
the console's two, which may connect and no more until `prepare_console` has given them what they may read.

A rotation gives the login that is not in use a new password and has the secret name it then. So the login that was in
use goes on working until the next rotation, and a crash anywhere leaves a secret and a login that belong together.
What is made here is made as the cluster's admin, whom the application never is.
"""

import secrets as random
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import encrypt_password

from giftflick import console_roles
from giftflick.database.base import is_refusal

OWNER = "giftflick"
LOGINS = ("giftflick_a", "giftflick_b")
LOCK = 0x6966_746C_6F67  # any number, as long as nobody else takes it
PASSWORD_BYTES = 32
CONNECT_S = 30  # a sleeping Aurora needs 15


@dataclass(frozen=True)
class Login:
    """Somebody at a database; `sslmode` in libpq's words. Its representation does not show the password."""

    username: str
    password: str
    host: str
    port: int
    dbname: str
    sslmode: str

    def __repr__(self) -> str:
        return f"Login({self.username})"

    def connect(self) -> Connection:
        connection: Connection = psycopg2.connect(
            user=self.username,
            password=self.password,
            host=self.host,
            port=self.port,
            dbname=self.dbname,
            sslmode=self.sslmode,
            connect_timeout=CONNECT_S,
        )
        connection.autocommit = True
        return connection

    def works(self) -> bool:
        """False if it is refused; whatever else goes wrong is raised."""
        try:
            with closing(self.connect()):
                return True
        except psycopg2.OperationalError as error:
            if is_refusal(error):
                return False
            raise


@contextmanager
def alone(admin: Login) -> Iterator[Connection]:
    """The admin's connection, and nobody else at this at the same time."""
    with closing(admin.connect()) as connection:
        _run(connection, "SELECT pg_advisory_lock(%s)", [LOCK])
        yield connection


def set_up(connection: Connection, admin: Login) -> None:
    """Make the roles and give them their rights, as far as they are not there. Passwords are not touched."""
    _make_role(connection, OWNER, "NOLOGIN")
    for login in LOGINS:
        _make_role(connection, login, "LOGIN")
        _say(connection, "GRANT {} TO {}", OWNER, login)
        _say(connection, "ALTER ROLE {} SET role TO {}", login, OWNER)
    _say(connection, "REVOKE ALL ON DATABASE {} FROM PUBLIC", admin.dbname)
    make_console_roles(connection)
    for role in console_roles.ROLES:
        _say(connection, "GRANT CONNECT ON DATABASE {} TO {}", admin.dbname, role)
    _say(connection, "GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {} TO {}", admin.dbname, OWNER)
    _say(connection, "GRANT USAGE, CREATE ON SCHEMA public TO {}", OWNER)
    # What the admin should ever make by hand belongs to the application too.
    _say(connection, "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO {}", OWNER)
    _say(connection, "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON SEQUENCES TO {}", OWNER)


def make_console_roles(connection: Connection) -> None:
    """With their limits, also where an earlier release has made them with others."""
    for role in console_roles.ROLES:
        _make_role(connection, role, console_roles.ATTRIBUTES)
        for name, value in console_roles.LIMITS.items():
            limit = sql.SQL("ALTER ROLE {} SET {} TO {}")
            _run(connection, limit.format(sql.Identifier(role), sql.Identifier(name), sql.Literal(value)))


def give_password(connection: Connection, login: Login) -> None:
    """From now on it is this one's. Only its hash travels, so that no log of the server can hold it."""
    verifier = encrypt_password(login.password, login.username, connection, "scram-sha-256")
    _run(connection, sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(login.username), sql.Literal(verifier)))


def first_login(admin: Login) -> Login:
    return login_as(LOGINS[0], admin)


def login_as(username: str, admin: Login) -> Login:
    """With a new password, which it does not have yet."""
    return replace(admin, username=username, password=_new_password())


def other_login(current: Login) -> Login:
    """The one that is not in use, with a new password that it does not have yet."""
    username = LOGINS[1] if current.username == LOGINS[0] else LOGINS[0]
    return replace(current, username=username, password=_new_password())


def _new_password() -> str:
    return random.token_urlsafe(PASSWORD_BYTES)


def _make_role(connection: Connection, name: str, kind: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [name])
        verb = "CREATE" if cursor.fetchone() is None else "ALTER"
        cursor.execute(sql.SQL("{} ROLE {} {}").format(sql.SQL(verb), sql.Identifier(name), sql.SQL(kind)))


def _say(connection: Connection, statement: str, *names: str) -> None:
    _run(connection, sql.SQL(statement).format(*map(sql.Identifier, names)))


def _run(connection: Connection, statement: str | sql.Composable, values: Any = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
