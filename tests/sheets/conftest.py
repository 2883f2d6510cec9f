"""Founders, files on their way in, and workers for them."""

import io
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import pytest
from django.utils import timezone

import api.sheets.tasks  # noqa: F401 - registers the kinds of batches
from accounts.models import User
from api.batches.services import run_slice
from api.outbox.models import Job
from api.sheets import services
from api.sheets.kinds import kind_called
from api.sheets.models import Sheet
from tests.admin.browser import browser, signed_in_page
from tests.admin.conftest import founder

__all__ = ["browser", "founder", "signed_in_page"]

ADA = "staff:ada"
Receive = Callable[..., Sheet]


@pytest.fixture
def now() -> datetime:
    """The admin looks at the clock itself."""
    return timezone.now()


@pytest.fixture
def receive(db: None, now: datetime) -> Receive:
    """A file that came in, checked as far as a founder waits for it."""

    def received(kind: str, file: io.BytesIO, *, scope: UUID | None = None) -> Sheet:
        sheet = services.receive_file(
            kind_called(kind),
            file,
            size=len(file.getvalue()),
            scope_id=scope,
            actor=ADA,
            now=now,
        )
        return services.check_small(sheet, now=now)

    return received


def check_all(sheet: Sheet, now: datetime) -> Sheet:
    """As the job does it, slice by slice."""
    services.read_sheet(sheet.pk, now=now)
    while services.check_slice(sheet.pk, now=now):
        pass
    sheet.refresh_from_db()
    return sheet


def take_in(sheet: Sheet, now: datetime, *, why: str = "asked by the shop") -> list[tuple[str, str]]:
    """Confirm it, work its batch off; each item's state and words."""
    batch = services.confirm_sheet(sheet.pk, title="Import", actor=ADA, why=why, now=now)
    while run_slice(batch.pk, now=now) is not None:
        pass
    return list(batch.items.order_by("position").values_list("state", "detail"))


def waiting(kind: str) -> int:
    return Job.objects.filter(kind=kind, state="waiting").count()


def somebody(*permissions: str) -> User:
    from django.contrib.auth.models import Permission

    user = User.objects.create_user("sam", is_staff=True)
    for name in permissions:
        app, _, codename = name.partition(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return user
