"""A recipient: no key, only a link. Gifts are as old as today, because the views look at the clock themselves."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Account
from api.gifts.models import Gift
from api.templates.models import Template
from tests import build

SentGift = Callable[..., Gift]


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def recipient() -> APIClient:
    return APIClient()


@pytest.fixture
def sent_gift(account: Account, template: Template, now: datetime) -> SentGift:
    def make(**content: Any) -> Gift:
        return build.sent(account, now, **content)

    return make
