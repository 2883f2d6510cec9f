"""One seeded local AWS for the tests of this folder."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.aws.seed import Credentials, seed
from tests.local.aws.harness import RENDER, client, start_aws


@pytest.fixture(scope="package")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    process, url = start_aws(tmp_path_factory.mktemp("aws"))
    yield url
    process.stop()


@pytest.fixture(scope="package")
def older_credentials(url: str) -> Credentials:
    return seed(url)


@pytest.fixture(scope="package")
def credentials(url: str, older_credentials: Credentials) -> Credentials:
    """Those of a second seed, as after any other."""
    return seed(url)


@pytest.fixture(scope="package")
def app(url: str, credentials: Credentials) -> Any:
    return client("s3", url, credentials.app)


@pytest.fixture(scope="package")
def renderer(url: str, credentials: Credentials) -> Any:
    return client("s3", url, credentials.renderer)


@pytest.fixture
def film(app: Any) -> dict[str, str]:
    """The address of a film of 10 bytes."""
    app.put_object(**RENDER, Body=b"0123456789", ContentType="video/mp4")
    return RENDER
