"""A cluster as Aurora makes it: an admin who is no superuser, an empty database, a secret for each."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psycopg2
import pytest

from giftflick.console_roles import ROLES
from giftflick.database.stored import StoredLogins
from local.environment import throwaway_environment
from local.postgres import Postgres
from local.stack import Stack
from tests.secrets.conftest import MakeSecret, make_secret, manager

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

__all__ = ["make_secret", "manager"]

NAME = "giftflick"
ADMIN = {"username": "giftflick_admin", "password": os.urandom(16).hex()}
Sql = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(scope="session")
def server(stack: Stack) -> Iterator[tuple[str, int, str]]:
    """Host, port, and the password of whoever Amazon is there."""
    postgres = Postgres(stack.home / "aurora", durable=False)
    url = urlsplit(postgres.start())
    yield str(url.hostname), int(url.port or 0), str(url.password)
    postgres.stop()


@pytest.fixture
def cluster(server: tuple[str, int, str]) -> tuple[str, int]:
    """As new; host and port."""
    host, port, password = server
    with closing(psycopg2.connect(host=host, port=port, user="postgres", password=password, dbname="postgres")) as root:
        root.autocommit = True
        with root.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
            for role in ("giftflick_a", "giftflick_b", "giftflick", *ROLES, "giftflick_admin"):
                cursor.execute(f"DROP ROLE IF EXISTS {role}")
            cursor.execute("CREATE ROLE giftflick_admin LOGIN CREATEROLE CREATEDB PASSWORD %s", [ADMIN["password"]])
            cursor.execute(f"CREATE DATABASE {NAME} OWNER giftflick_admin")
    return host, port


@pytest.fixture
def stored(cluster: tuple[str, int], make_secret: MakeSecret) -> StoredLogins:
    """Before the first deploy: RDS has made the admin's secret, and the application's is a placeholder."""
    host, port = cluster
    admin = make_secret({**ADMIN, "port": port, "dbname": NAME})
    return StoredLogins(make_secret({}), admin, host, "5432", "prefer", make_secret({}))


@pytest.fixture
def login(manager: "SecretsManagerClient", stored: StoredLogins) -> Callable[[], dict[str, Any]]:
    """What the application's secret holds now."""
    return lambda: dict(json.loads(manager.get_secret_value(SecretId=stored.application)["SecretString"]))


def run(login: dict[str, Any], statement: str) -> list[tuple[Any, ...]]:
    """As somebody, over a connection of its own."""
    place = {"host": login["host"], "port": login["port"], "dbname": login["dbname"]}
    with closing(psycopg2.connect(user=login["username"], password=login["password"], **place)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def release(stack: Stack, stored: StoredLogins) -> dict[str, str]:
    """The release function's environment."""
    variables = {**throwaway_environment(), **stack.env}
    del variables["DATABASE_URL"]
    return variables | {
        "DATABASE_SECRET": stored.application,
        "CONSOLE_DATABASE_SECRET": stored.console,
        "DATABASE_ADMIN_SECRET": stored.admin,
        "DATABASE_HOST": stored.host,
        "DATABASE_SSLMODE": stored.sslmode,
    }
