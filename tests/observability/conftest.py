"""A product whose database is the tests', and servers that stand in for vendors and keep what they are told."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from pytest_django import Settings

from api.delivery.backends.base import Address, Mail
from api.templates.models import Template
from local.stack import Stack
from tests.system import System, url_of_test_database
from tests.webhooks.receivers import Receiver, receiving, says


@pytest.fixture(autouse=True)
def _plain_template(request: pytest.FixtureRequest) -> Template | None:
    return request.getfixturevalue("template") if "account" in request.fixturenames else None


@pytest.fixture(scope="package")
def system(stack: Stack, django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    system = System(stack, url_of_test_database(stack), tmp_path_factory.mktemp("system"))
    yield system
    system.stop()


@pytest.fixture
def vendor() -> Iterator[Receiver]:
    """Says 200 to everything, one call a connection."""
    with receiving(says(200, b"{}", "Connection: close")) as receiver:
        yield receiver


@pytest.fixture
def renderer(vendor: Receiver, settings: Settings) -> Receiver:
    """Where the rendering backend is pointed to; takes every order."""
    settings.RENDERER_URL = vendor.url("")
    vendor.answer = says(201, b'{"response": {"id": "render-1"}}', "Connection: close")
    return vendor


@pytest.fixture
def stage(settings: Settings) -> str:
    """A stage, so that there are metrics."""
    settings.STAGE = "staging"
    return "staging"


@pytest.fixture
def mail() -> Mail:
    return Mail(
        message_id=uuid4(),
        kind="gift",
        from_name="Ana via Giftflick",
        to=Address("ben@example.com", "Ben"),
        reply_to=None,
        subject="Ben, Ana made you a video",
        html="<p>Watch it.</p>",
        text="Watch it.",
    )
