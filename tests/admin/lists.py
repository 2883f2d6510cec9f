"""The admin's lists as tests read them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.test import Client
from django.urls import reverse

import giftflick.admin_urls  # noqa: F401 - finds the pages
from accounts.models import Account
from api.gifts.models import Gift
from api.time_keys import key_at
from tests import build

GIFTS = "/admin/api/gift/"
MODELS = sorted(model._meta.label_lower for model in admin.site._registry)


def page_of(label: str) -> str:
    return reverse(f"admin:{label.replace('.', '_')}_changelist")


def shown(client: Client, path: str, **query: str) -> list[Any]:
    answer = client.get(path, query)
    assert answer.status_code == 200, (path, query)
    return [row.pk for row in answer.context["cl"].result_list]


def shown_at(client: Client, address: str) -> list[Any]:
    return [row.pk for row in client.get(GIFTS + address).context["cl"].result_list]


def made(account: Account, *moments: datetime) -> None:
    """Gifts whose keys were made then."""
    for moment in moments:
        gift = build.draft(account, moment)
        gift.events.all().delete()
        Gift.objects.filter(pk=gift.pk).update(id=UUID(int=key_at(moment).int | (0x7 << 76) | gift.pk.int & 0xFFFF))
