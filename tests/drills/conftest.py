"""Drills run against the test database: a site takes the events, the workers are there to be killed."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Account
from accounts.tasks import SYNC_HOUR, schedule_sync
from api.delivery.backends import get_backend
from api.outbox.models import Job
from api.templates.models import Template
from local.stack import Stack
from tests.drills.film_drill import FilmDrill
from tests.drills.mail_drill import MailDrill
from tests.drills.renderer import Counter, Renderer, StandIn
from tests.media.samples import RECIPES, make_media
from tests.rendering.films import definition
from tests.system import Mailbox, System, url_of_test_database


@pytest.fixture
def now() -> datetime:
    """The drills' first tick; SendGrid's and the renderer's word comes by the real clock."""
    return timezone.now()


@pytest.fixture(scope="package")
def running(
    stack: Stack, django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[System, Mailbox]]:
    system = System(stack, url_of_test_database(stack), tmp_path_factory.mktemp("drills"))
    try:
        mailbox = system.start_sendgrid()
        system.start_site()
        yield system, mailbox
    finally:
        system.stop()


@pytest.fixture
def system(running: tuple[System, Mailbox], settings: Settings) -> Iterator[System]:
    """With this process as one of its workers."""
    system, _ = running
    settings.BASE_URL, settings.SENDGRID_URL = system.base_url, system.env["SENDGRID_URL"]
    get_backend.cache_clear()
    yield system
    get_backend.cache_clear()


@pytest.fixture
def drill(
    transactional_db: None,
    system: System,
    running: tuple[System, Mailbox],
    account: Account,
    template: Template,
    now: datetime,
) -> MailDrill:
    mailbox = running[1]
    mailbox.clear()
    schedule_sync(now.replace(hour=SYNC_HOUR))
    Job.objects.filter(kind="keys.sync").update(state="done", finished_at=now)  # else a tick at three does it, too
    return MailDrill(system, account, now, mailbox)


@pytest.fixture
def deaf_drill(drill: MailDrill, system: System, settings: Settings) -> Iterator[MailDrill]:
    """SendGrid takes mails and never says what became of them."""
    sendgrid_url = system.env["SENDGRID_URL"]
    drill.mailbox = system.start_sendgrid("silent-sendgrid", has_feed=False)
    settings.SENDGRID_URL = system.env["SENDGRID_URL"]
    yield drill
    system.env["SENDGRID_URL"] = sendgrid_url


@pytest.fixture(scope="package")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return make_media(tmp_path_factory.mktemp("film") / "film.mp4", RECIPES["film.mp4"])


@pytest.fixture
def renderer(film: bytes) -> Iterator[StandIn]:
    with StandIn(film).serving() as renderer:
        yield renderer


@pytest.fixture
def real_renderer(stack: Stack) -> Iterator[Counter]:
    with Counter(stack.env["RENDERER_URL"]).serving() as renderer:
        yield renderer


@pytest.fixture
def filmed_template(transactional_db: None, template: Template) -> Template:
    """Its films are small, and soon made."""
    bare = definition("birthday-confetti")
    template.theme = {**bare["theme"], "heading_font": "Roboto"}
    template.scenes = [scene for scene in bare["scenes"] if scene["kind"] == "title"]
    template.aspect_ratio = "1:1"
    template.save()
    return template


@pytest.fixture
def film_drill(
    request: pytest.FixtureRequest,
    filmed_template: Template,
    system: System,
    account: Account,
    now: datetime,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> FilmDrill:
    """With the stand-in; with the real renderer where the test has `real_renderer`."""
    name = "real_renderer" if "real_renderer" in request.fixturenames else "renderer"
    renderer: Renderer = request.getfixturevalue(name)
    settings.RENDERER_URL = renderer.url
    monkeypatch.setitem(system.env, "RENDERER_URL", renderer.url)
    return FilmDrill(system, account, now, renderer)
