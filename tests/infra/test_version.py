"""`make version` is green only when the site itself says that it runs this checkout's version."""

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from infra.aws import Aws
from infra.outputs import write_outputs
from infra.stages import DeployError
from infra.version import require_version
from tests.infra.account import connect, empty_account

SITE = "gifts.example.com"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    with empty_account() as url:
        yield connect(monkeypatch, url)


@pytest.fixture
def deployed(aws: Aws, settings: Settings) -> Aws:
    """A stage whose site is the live server, and runs version 0123456789ab."""
    settings.ALLOWED_HOSTS = [SITE]
    settings.RELEASE = "0123456789ab"
    write_outputs(aws, {"SiteUrl": f"https://{SITE}"})
    return aws


def test_the_wanted_version_is_told(deployed: Aws, live_server: LiveServer, capsys: pytest.CaptureFixture[str]) -> None:
    require_version(deployed, "0123456789ab", via=live_server.url)

    assert capsys.readouterr().out == "dev runs 0123456789ab\n"


def test_another_version_is_red(deployed: Aws, live_server: LiveServer) -> None:
    with pytest.raises(DeployError) as raised:
        require_version(deployed, "ba9876543210", via=live_server.url)

    assert str(raised.value) == (
        "dev runs 0123456789ab, and this checkout is ba9876543210: make deploy STAGE=dev deploys it"
    )


def test_a_site_that_refuses_is_red(deployed: Aws, live_server: LiveServer, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["other.example.com"]

    with pytest.raises(DeployError, match=rf"^{SITE}/healthz answers 400 without a version"):
        require_version(deployed, "0123456789ab", via=live_server.url)


def test_a_site_that_is_away_is_red(deployed: Aws) -> None:
    with pytest.raises(DeployError, match=rf"^{SITE} is out of reach: "):
        require_version(deployed, "0123456789ab", via="http://127.0.0.1:1")


def test_a_stage_that_was_never_deployed_is_named(aws: Aws) -> None:
    with pytest.raises(DeployError, match=r"^dev is not deployed yet: make deploy STAGE=dev first$"):
        require_version(aws, "0123456789ab")
