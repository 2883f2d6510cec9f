"""A shop's campaign, and its file."""

import io
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

import api.campaigns.tasks  # noqa: F401 - registers the kinds of batches
from accounts.models import Account
from api.batches.models import Batch
from api.batches.services import run_slice
from api.campaigns import services
from api.campaigns.models import Campaign
from api.sheets.models import Sheet
from api.templates.models import Template
from tests.admin.browser import browser, signed_in_page
from tests.admin.conftest import founder
from tests.sheets.conftest import ADA, now, receive
from tests.sheets.files import csv_file

__all__ = ["browser", "founder", "now", "receive", "signed_in_page"]

HEADER = ["row_key", "recipient_name", "recipient_email", "message", "fields.headline"]
Open = Callable[..., Campaign]


@pytest.fixture
def open_campaign(account: Account, template: Template, now: datetime) -> Open:
    def opened(**changes: Any) -> Campaign:
        given: dict[str, Any] = {
            "name": "Mother's Day",
            "account": account,
            "livemode": True,
            "template": template,
            "defaults": {"sender_name": "Confetti Shop", "sender_email": "shop@confetti.example", "message": "Hooray!"},
            "is_paid": False,
            "actor": ADA,
            "now": now,
        }
        return services.open_campaign(**{**given, **changes})

    return opened


def recipients(count: int, *, first: int = 1, wrong: tuple[int, ...] = ()) -> list[list[str]]:
    """Rows; those that are `wrong` have no address."""
    return [
        [f"r{n}", f"Ben {n}", "nowhere" if n in wrong else f"ben{n}@example.com", "", f"BEN {n}"]
        for n in range(first, first + count)
    ]


def gifts_file(*rows: list[str]) -> io.BytesIO:
    return csv_file(HEADER, *rows)


def approve(campaign: Campaign, sheet: Sheet, now: datetime) -> Batch:
    return services.approve_campaign(campaign.pk, sheet.pk, actor=ADA, why="the shop ordered it", now=now)


def work_off(batch: Batch, now: datetime) -> list[tuple[str, str]]:
    while run_slice(batch.pk, now=now) is not None:
        pass
    return list(batch.items.order_by("position").values_list("state", "detail"))
