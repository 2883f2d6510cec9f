"""One cloud for the tests of this folder; each makes what it needs under names of its own."""

from collections.abc import Iterator

import pytest

from tests.local.cloud.harness import Cloud, start_cloud


@pytest.fixture(scope="package")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    process, cloud = start_cloud(tmp_path_factory.mktemp("cloud"))
    yield cloud
    process.stop()
