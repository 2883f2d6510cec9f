"""The product as its users have it: a site and a worker of their own on a database of their own, seeded as ours is."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg2
import pytest

from local.migrations import migrate
from local.processes import Process
from local.seed import Access
from local.stack import Stack
from tests.e2e.storefront import Storefront
from tests.system import Mailbox, System

DATABASE = "giftflick_e2e"


@dataclass(frozen=True)
class Product:
    """All of it but a worker, which tests start as they need it."""

    system: System
    mailbox: Mailbox
    access: Access
    shop: Storefront

    @property
    def database_url(self) -> str:
        return self.system.env["DATABASE_URL"]


@contextmanager
def working(system: System, name: str = "worker", **variables: str) -> Iterator[Process]:
    """A worker for a while."""
    worker = system.start_worker(name, **variables)
    try:
        yield worker
    finally:
        worker.stop()


@pytest.fixture(scope="package", params=["site", "gateway"])
def server(request: pytest.FixtureRequest) -> str:
    """What answers: the plain site, or the gateway with the authorizer and the function behind it."""
    return str(request.param)


@pytest.fixture(scope="package")
def database_url(stack: Stack, server: str) -> Iterator[str]:
    """A new database for each server, beside the one that the other tests use."""
    with closing(psycopg2.connect(stack.env["DATABASE_URL"])) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(f"CREATE DATABASE {DATABASE}")
        yield urlsplit(stack.env["DATABASE_URL"])._replace(path=f"/{DATABASE}").geturl()
        cursor.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


@pytest.fixture(scope="package")
def product(
    stack: Stack, server: str, database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("e2e")
    system = System(stack, database_url, folder)
    migrate(database_url, system.env, folder / "migrate.log")
    seeded = system.run("-m", "local.seed", "--keys", folder / "keys.json")
    assert seeded.returncode == 0, seeded.stderr
    access = Access(**json.loads(seeded.stdout.splitlines()[-1]))
    try:
        mailbox = system.start_sendgrid()
        {"site": system.start_site, "gateway": system.start_gateway}[server]()
        yield Product(system, mailbox, access, Storefront(system.base_url, access.api_key))
    finally:
        system.stop()


@pytest.fixture(scope="module")
def worker(request: pytest.FixtureRequest, product: Product) -> Iterator[Process]:
    with working(product.system, f"worker-{request.node.path.stem}") as worker:
        yield worker
