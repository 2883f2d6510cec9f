"""Our own functions as AWS runs them, against the test database."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from local.gateway.functions import authorizer, site
from local.lambda_runtime import Function
from local.stack import Stack
from tests.system import System, url_of_test_database


@pytest.fixture(scope="package")
def system(stack: Stack, django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(stack, url_of_test_database(stack), tmp_path_factory.mktemp("system"))
    yield system
    system.stop()


@pytest.fixture(scope="package")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("functions")


@pytest.fixture(scope="package")
def functions(system: System, logs: Path) -> Iterator[tuple[Function, Function]]:
    """Site and authorizer."""
    with ExitStack() as running:
        both = running.enter_context(site(system.env, logs)), running.enter_context(authorizer(system.env, logs))
        for function in both:
            function.start()
        yield both
