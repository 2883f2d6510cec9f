"""Sample files, a bucket that goes away, and uploads made the way a browser makes them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
import urllib3
from django.conf import settings
from django.core.signals import setting_changed
from rest_framework.test import APIClient

from accounts.models import Account
from api.gifts.models import Gift
from api.media import bucket
from api.media.models import Upload
from api.templates.models import Template
from tests.media.samples import make_samples

MB = 1_048_576
HTTP = urllib3.PoolManager(retries=False, timeout=10)


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return make_samples(tmp_path_factory.mktemp("samples"))


@contextmanager
def bucket_away() -> Iterator[None]:
    """Nothing answers where the bucket was, neither us nor Django's storage, and then it is back."""
    try:
        with pytest.MonkeyPatch.context() as elsewhere:
            elsewhere.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
            elsewhere.setenv("AWS_MAX_ATTEMPTS", "1")
            _forget_clients()
            yield
    finally:
        _forget_clients()


def _forget_clients() -> None:
    bucket.client.cache_clear()
    setting_changed.send(sender=None, setting="STORAGES", value=settings.STORAGES, enter=True)


@pytest.fixture
def make_gift(account: Account, template: Template, now: datetime) -> Callable[[], Gift]:
    """A draft, as its row."""
    return lambda: Gift.objects.create(
        account=account, livemode=True, template=template, sender_name="Ana", created_at=now, updated_at=now
    )


def declare(api: APIClient, content: bytes, content_type: str, **changes: Any) -> dict[str, Any]:
    body = {"filename": "clip.bin", "content_type": content_type, "size": len(content), **changes}
    response = api.post("/v1/uploads", body)
    assert response.status_code == 201, response.content
    opened: dict[str, Any] = response.json()
    return opened


def put(url: str, content: bytes, headers: dict[str, str] | None = None) -> urllib3.BaseHTTPResponse:
    return HTTP.request("PUT", url, body=content, headers=headers)


def put_parts(opened: dict[str, Any], content: bytes) -> list[dict[str, Any]]:
    """PUT each part to its URL; what the bucket gave for them."""
    receipts = []
    for part in opened["parts"]:
        start = (part["number"] - 1) * opened["part_size"]
        answer = put(part["url"], content[start : start + opened["part_size"]])
        assert answer.status == 200, answer.data
        receipts.append({"number": part["number"], "etag": answer.headers["ETag"]})
    return receipts


def complete(api: APIClient, upload_id: str, receipts: list[dict[str, Any]]) -> Any:
    return api.post(f"/v1/uploads/{upload_id}/complete", {"parts": receipts})


def upload(api: APIClient, content: bytes, content_type: str) -> dict[str, Any]:
    """A ready upload, the way every client makes one."""
    opened = declare(api, content, content_type)
    response = complete(api, opened["id"], put_parts(opened, content))
    assert response.status_code == 200, response.content
    ready: dict[str, Any] = response.json()
    return ready


def row(upload_id: str) -> Upload:
    return Upload.objects.get(pk=upload_id)


def is_clean(record: Upload) -> bool:
    """Neither the object nor any part is in the bucket."""
    try:
        bucket.uploaded_parts(record.key, record.multipart_id)
    except bucket.NoMultipartError:
        return bucket.look_at(record.key) is None
    return False


def errors(response: Any) -> dict[str, str]:
    assert response.status_code == 400, response.content
    assert response["Content-Type"] == "application/problem+json"
    return {error["field"]: error["code"] for error in response.json()["errors"]}


def problem(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["code"]
