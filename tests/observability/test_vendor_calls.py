"""One line for each call to a vendor, however it ends, with nothing of what was said."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from accounts import key_store
from accounts.models import Account, ApiKey
from api.delivery.backends.base import Mail
from api.delivery.backends.sendgrid import SendGridBackend
from api.exceptions import BackendError
from api.media import bucket
from api.rendering.backends.base import RenderOrder
from api.rendering.backends.shotstack import ShotstackBackend
from api.webhooks.sending import post
from giftflick.vendor_calls import vendor_call
from local.ports import free_port
from tests.conftest import Lines
from tests.webhooks.receivers import Receiver, says

CANARIES = ("hush", "ben@example.com")
ORDER = RenderOrder(edit={"merge": [{"find": "hush", "replace": "ben@example.com"}]}, livemode=True)
QUOTING = b'{"errors": [{"message": "hush ben@example.com", "field": "to"}], "message": "hush"}'

Call = Callable[[str, Mail, Settings], object]


def submit(url: str, _mail: Mail, settings: Settings) -> object:
    settings.RENDERER_URL = url
    return ShotstackBackend().submit(ORDER)


def report(url: str, _mail: Mail, settings: Settings) -> object:
    settings.RENDERER_URL = url
    return ShotstackBackend().report("hush-1", livemode=False)


def send(url: str, mail: Mail, _settings: Settings) -> object:
    return SendGridBackend(url=url, api_key="SG.hush", sender="gifts@giftflick.example").send(mail)


def tell(url: str, _mail: Mail, _settings: Settings) -> object:
    return post(f"{url}/hook?hush", headers={"webhook-signature": "hush"}, body=b"hush")


CALLS = [(submit, "renderer", "submit"), (report, "renderer", "report"), (send, "sendgrid", "send")]
EVERY_CALL = [*CALLS, (tell, "webhook", "post")]


def ended(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """The one line, without when and how long."""
    (line,) = lines
    assert 0 <= line.pop("ms") < 10_000
    assert not any(canary in str(line) for canary in CANARIES)
    return {name: line[name] for name in line if name not in ("at", "level", "logger", "message")}


@pytest.mark.parametrize(("call", "vendor_name", "operation"), EVERY_CALL)
@pytest.mark.parametrize("status", [200, 400, 401, 404, 429, 503])
def test_an_answered_call_has_its_status(
    status: int,
    call: Call,
    vendor_name: str,
    operation: str,
    vendor: Receiver,
    mail: Mail,
    log_lines: Lines,
    settings: Settings,
) -> None:
    vendor.answer = says(status, QUOTING, "Connection: close")

    if call is tell:
        call(vendor.url(""), mail, settings)
    else:
        with pytest.raises(BackendError):
            call(vendor.url(""), mail, settings)

    assert ended(log_lines()) == {"vendor": vendor_name, "operation": operation, "status": status}


@pytest.mark.parametrize(
    ("call", "vendor_name", "operation", "failure"),
    [
        (*CALLS[0], "NewConnectionError"),
        (*CALLS[1], "NewConnectionError"),
        (*CALLS[2], "URLError"),
        (*EVERY_CALL[3], "connection_failed"),
    ],
)
def test_a_call_that_reaches_nobody_has_the_kind_of_failure(
    call: Call, vendor_name: str, operation: str, failure: str, mail: Mail, log_lines: Lines, settings: Settings
) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"

    if call is tell:
        call(nobody, mail, settings)
    else:
        with pytest.raises(BackendError):
            call(nobody, mail, settings)

    assert ended(log_lines()) == {"vendor": vendor_name, "operation": operation, "failure": failure}


def test_a_failure_that_is_raised_is_told_by_its_type_alone(log_lines: Lines) -> None:
    with pytest.raises(ValueError, match="hush"), vendor_call("tests", "fail"):
        raise ValueError("hush")

    assert ended(log_lines()) == {"vendor": "tests", "operation": "fail", "failure": "ValueError"}


def aws_lines(lines: list[dict[str, Any]]) -> list[tuple[str, str, int]]:
    calls = [line for line in lines if line["message"] == "vendor call"]
    assert not any(canary in str(line) for line in calls for canary in CANARIES)
    return [(line["vendor"], line["operation"], line["status"]) for line in calls]


def test_each_call_to_the_bucket_is_a_line_and_presigning_is_none(log_lines: Lines) -> None:
    key = "uploads/hush"
    multipart_id = bucket.start_multipart(key, content_type="image/png")
    bucket.presigned_part(key, multipart_id, 1, length=1, expires_in=timedelta(hours=1))
    bucket.abort_multipart(key, multipart_id)
    bucket.presigned_get(key, expires_in=timedelta(hours=1))
    assert bucket.look_at(key) is None
    bucket.delete(key)

    assert aws_lines(log_lines()) == [
        ("s3", "create_multipart_upload", 200),
        ("s3", "abort_multipart_upload", 200),
        ("s3", "head_object", 404),
        ("s3", "delete_objects", 200),
    ]


def test_each_call_to_the_key_table_is_a_line(account: Account, now: datetime, log_lines: Lines) -> None:
    key = ApiKey(pk="hush", account=account, digest="hush", livemode=True, name="hush", scopes=[], created_at=now)

    assert key_store.create(key)
    assert not key_store.create(key)
    key_store.bury(key.pk, at=now)
    key_store.check()
    pages = list(key_store.pages())

    assert aws_lines(log_lines())[:5] == [
        ("dynamodb", "put_item", 200),
        ("dynamodb", "put_item", 400),
        ("dynamodb", "update_item", 200),
        ("dynamodb", "update_item", 200),
        ("dynamodb", "get_item", 200),
    ]
    assert aws_lines(log_lines())[5:] == [("dynamodb", "scan", 200)] * len(pages)


def test_a_bucket_that_is_away_is_a_line_too(monkeypatch: pytest.MonkeyPatch, log_lines: Lines) -> None:
    with monkeypatch.context() as away:
        away.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
        bucket.client.cache_clear()
        with pytest.raises(BackendError):
            bucket.check()
    bucket.client.cache_clear()

    assert ended(log_lines()) == {
        "vendor": "s3",
        "operation": "list_objects",
        "failure": "EndpointConnectionError",
    }
