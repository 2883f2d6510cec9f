"""The pytest plugin that brings up what the tests talk to: PostgreSQL, AWS, renderer, SendGrid, as real processes.

It runs before pytest-django reads the settings, because the settings are made from the environment that it sets.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from local.environment import throwaway_environment
from local.errors import LocalError
from local.ports import HOST
from local.stack import Stack

STACK = pytest.StashKey[Stack]()
HOME = Path(__file__).resolve().parent.parent / ".local"


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    if early_config.known_args_namespace.numprocesses and "PYTEST_XDIST_WORKER" not in os.environ:
        os.environ.update(throwaway_environment())  # this process runs no test, its workers have services each
        return
    HOME.mkdir(exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="test-", dir=HOME))
    home.chmod(0o755)  # PostgreSQL, which does not run as root, must get in
    stack = Stack(home, durable=False, progress=lambda _line: None)
    try:
        stack.start_backing()
    except LocalError as error:
        stack.stop()
        raise pytest.UsageError(str(error)) from error
    stack.env["WEBHOOK_ALLOWED_NETWORKS"] = f"{HOST}/32"  # the tests' receivers are on this machine
    os.environ.update(stack.env)
    early_config.stash[STACK] = stack
    early_config.add_cleanup(lambda: _clear_away(stack))


def _clear_away(stack: Stack) -> None:
    stack.stop()
    shutil.rmtree(stack.home, ignore_errors=True)


@pytest.fixture(scope="session")
def stack(pytestconfig: pytest.Config) -> Stack:
    return pytestconfig.stash[STACK]
