"""A founder at the search box."""

from datetime import datetime

import pytest
from django.test import Client
from django.utils import timezone

import giftflick.admin_urls  # noqa: F401 - finds the pages, as the first request to the admin does
from accounts.models import User
from tests.admin.signing import signed_in


@pytest.fixture
def now() -> datetime:
    """The admin looks at the clock itself."""
    return timezone.now()


@pytest.fixture
def founder(db: None) -> Client:
    return signed_in(User.objects.create_superuser("ada"))
