"""POSTs that carry a key, and the row that is kept of them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from rest_framework.test import APIClient

from api.idempotency.models import IdempotentCall

GIFTS = "/v1/gifts"
Post = Callable[..., Any]


def post(client: APIClient, path: str, body: Any = None, *, key: str = "order-1001") -> Any:
    return client.post(path, body, headers={"Idempotency-Key": key})


def facts(response: Any) -> tuple[int, str | None]:
    """Status, and whether it is a replay."""
    return response.status_code, response.get("Idempotent-Replayed")


def problem(response: Any) -> tuple[int, str]:
    assert response["Content-Type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


def let_time_pass(time: timedelta) -> None:
    """For the calls there are, as if it had."""
    IdempotentCall.objects.update(created_at=F("created_at") - time, locked_until=F("locked_until") - time)


@pytest.fixture
def stored() -> Callable[[], IdempotentCall]:
    return IdempotentCall.objects.get
