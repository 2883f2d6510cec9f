"""The package, made once for all tests."""

import os

import pytest

from tests.infra.packaging import Made, make_once


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.getbasetemp()
    return make_once(folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder)
