"""Answers as they are, held against what the description says of them: every state, every list."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from rest_framework.test import APIClient

from accounts.models import Account
from api.gifts import services
from api.gifts.models import Gift
from api.gifts.states import GiftStatus
from api.media.models import Upload
from api.media.states import UploadStatus
from api.openapi.document import FILE
from api.templates.models import Template
from api.webhooks.models import WebhookDelivery
from tests import build

DOCUMENT: dict[str, Any] = json.loads(FILE.read_bytes())
CHECKER = Draft202012Validator.FORMAT_CHECKER
PRODUCT = {"name": "Espresso set", "url": "https://shop.example/", "price": {"amount": "49.00", "currency": "AUD"}}


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def gift(account: Account, template: Template, now: datetime) -> Gift:
    return build.sent(account, now, product=PRODUCT, fields={"headline": "BEN"}, metadata={"cart": "91"})


def check(answer: Any, place: str) -> None:
    """That the answer is one of those that this operation may give, to the last name in it."""
    method, path = place.split(" ")
    responses = DOCUMENT["paths"][path][method.lower()]["responses"]
    assert str(answer.status_code) in responses, answer.content
    response = responses[str(answer.status_code)]
    if "$ref" in response:
        response = DOCUMENT["components"]["responses"][response["$ref"].rpartition("/")[2]]
    assert sorted(_required(response) - {name.lower() for name in answer.headers}) == []
    if "content" not in response:
        assert answer.content == b""
        return
    schema = response["content"][answer["Content-Type"]]["schema"]
    errors = Draft202012Validator({**DOCUMENT, **schema}, format_checker=CHECKER).iter_errors(answer.json())
    assert [f"{error.json_path}: {error.message}" for error in errors] == []


def _required(response: dict[str, Any]) -> set[str]:
    headers = DOCUMENT["components"]["headers"]
    return {name.lower() for name in response.get("headers", {}) if headers[name].get("required")}


@pytest.mark.parametrize("status", GiftStatus)
def test_a_gift_in_every_state(
    status: GiftStatus, api: APIClient, account: Account, template: Template, now: datetime
) -> None:
    gift = build.in_state(status, account, now)

    check(api.get(f"/v1/gifts/{gift.pk}"), "GET /v1/gifts/{id}")
    check(api.get(f"/v1/gifts/{gift.pk}/events"), "GET /v1/gifts/{id}/events")
    check(api.get(f"/v1/gifts/{gift.pk}/renders"), "GET /v1/gifts/{id}/renders")
    check(APIClient().get(f"/public/gifts/{gift.token}"), "GET /public/gifts/{token}")


def test_a_gift_that_holds_all_there_is(api: APIClient, gift: Gift) -> None:
    check(api.get(f"/v1/gifts/{gift.pk}"), "GET /v1/gifts/{id}")
    check(api.get("/v1/gifts"), "GET /v1/gifts")
    check(APIClient().get(f"/public/gifts/{gift.token}"), "GET /public/gifts/{token}")


def test_a_gift_whose_names_are_forgotten(api: APIClient, account: Account, template: Template, now: datetime) -> None:
    gift = build.expired(account, now)
    services.forget_gift(gift.pk, now=now + timedelta(days=500))

    answer = api.get(f"/v1/gifts/{gift.pk}")

    assert answer.json()["sender"] == {"name": "", "email": ""}
    check(answer, "GET /v1/gifts/{id}")


PAID = {"reference": "SO-1001", "status": "paid"}
STEPS: list[tuple[str, GiftStatus, dict[str, Any] | None]] = [
    # each action from a state that it leads out of, and from one that it does not
    ("submit", GiftStatus.DRAFT, None),
    ("submit", GiftStatus.SENT, None),
    ("render", GiftStatus.FAILED, None),
    ("render", GiftStatus.SENT, None),
    ("approve", GiftStatus.READY, None),
    ("approve", GiftStatus.CANCELED, None),
    ("order", GiftStatus.READY, PAID),
    ("order", GiftStatus.CANCELED, PAID),
    ("order", GiftStatus.DRAFT, {}),
    ("cancel", GiftStatus.SENT, None),
    ("cancel", GiftStatus.EXPIRED, None),
    ("resend", GiftStatus.SENT, None),
    ("resend", GiftStatus.DRAFT, None),
]


@pytest.mark.parametrize(("action", "status", "body"), STEPS)
def test_each_action(
    action: str,
    status: GiftStatus,
    body: dict[str, Any] | None,
    api: APIClient,
    account: Account,
    template: Template,
    now: datetime,
) -> None:
    gift = build.in_state(status, account, now)

    answers = [api.post(f"/v1/gifts/{gift.pk}/{action}", body, headers={"Idempotency-Key": "a"}) for _ in range(2)]

    for answer in answers:
        check(answer, f"POST /v1/gifts/{{id}}/{action}")


def test_making_changing_and_deleting(api: APIClient, body: dict[str, Any], account: Account, now: datetime) -> None:
    made = api.post("/v1/gifts", body)
    path = f"/v1/gifts/{made.json()['id']}"

    check(made, "POST /v1/gifts")
    check(api.post("/v1/gifts", {}), "POST /v1/gifts")
    check(api.post("/v1/gifts", "x=1", content_type="text/plain"), "POST /v1/gifts")
    check(api.patch(path, {"message": "Hello"}), "PATCH /v1/gifts/{id}")
    check(api.patch(path, {}, headers={"If-Match": '"99"'}), "PATCH /v1/gifts/{id}")
    check(api.delete(path), "DELETE /v1/gifts/{id}")
    check(api.delete(path), "DELETE /v1/gifts/{id}")
    check(api.delete(f"/v1/gifts/{build.ready(account, now).pk}"), "DELETE /v1/gifts/{id}")


def test_who_may_not_is_told_so_as_described(template: Template, api: APIClient) -> None:
    check(APIClient().get("/v1/account"), "GET /v1/account")
    check(APIClient(headers={"X-API-Key": "gf_live_x"}).get("/v1/account"), "GET /v1/account")
    check(api.get("/v1/account"), "GET /v1/account")
    check(api.get("/v1/templates"), "GET /v1/templates")
    check(api.get("/v1/templates?limit=0"), "GET /v1/templates")
    check(api.get(f"/v1/templates/{template.slug}"), "GET /v1/templates/{slug}")
    check(api.get("/v1/templates/none"), "GET /v1/templates/{slug}")


@pytest.mark.parametrize("status", [status for status in UploadStatus if status != UploadStatus.DELETED])
def test_an_upload_in_every_state(status: UploadStatus, api: APIClient, account: Account, now: datetime) -> None:
    announced = api.post("/v1/uploads", {"filename": "a.jpg", "content_type": "image/jpeg", "size": 9})
    path = f"/v1/uploads/{announced.json()['id']}"
    failure = {"code": "wrong_type", "detail": "No picture."} if status == UploadStatus.REFUSED else None
    Upload.objects.update(status=status, completed_at=now, failure=failure)

    check(announced, "POST /v1/uploads")
    check(api.get(path), "GET /v1/uploads/{id}")
    check(api.post(f"{path}/parts"), "POST /v1/uploads/{id}/parts")
    check(api.post(f"{path}/complete", {"parts": []}), "POST /v1/uploads/{id}/complete")
    check(api.delete(path), "DELETE /v1/uploads/{id}")


def test_what_a_recipient_does(gift: Gift) -> None:
    recipient, path = APIClient(), f"/public/gifts/{gift.token}"

    check(recipient.post(f"{path}/progress", {"percent": 50}), "POST /public/gifts/{token}/progress")
    check(recipient.post(f"{path}/progress", {"percent": 51}), "POST /public/gifts/{token}/progress")
    for _ in range(4):
        check(recipient.post(f"{path}/thanks", {"message": "I cried!"}), "POST /public/gifts/{token}/thanks")


def test_webhook_endpoints_and_what_was_sent(api: APIClient, now: datetime) -> None:
    body = {"url": "https://93.184.215.14/hook", "types": ["gift.sent"]}
    made = [api.post("/v1/webhook-endpoints", body, headers={"Idempotency-Key": "a"}) for _ in range(2)]
    path = f"/v1/webhook-endpoints/{made[0].json()['id']}"
    tested = api.post(f"{path}/test")
    delivery = WebhookDelivery.objects.get()
    delivery.attempts.create(started_at=now, ended_at=now, code=204, ms=84)
    delivery.attempts.create(started_at=now, ended_at=now, error="timeout")

    for answer in made:
        check(answer, "POST /v1/webhook-endpoints")
    check(api.post("/v1/webhook-endpoints", {**body, "url": "http://10.0.0.1/"}), "POST /v1/webhook-endpoints")
    check(api.get("/v1/webhook-endpoints"), "GET /v1/webhook-endpoints")
    check(tested, "POST /v1/webhook-endpoints/{id}/test")
    check(api.get(f"{path}/deliveries"), "GET /v1/webhook-endpoints/{id}/deliveries")
    redeliver = "POST /v1/webhook-endpoints/{id}/deliveries/{delivery}/redeliver"
    check(api.post(f"{path}/deliveries/{delivery.pk}/redeliver"), redeliver)
    check(api.post(f"{path}/rotate"), "POST /v1/webhook-endpoints/{id}/rotate")
    check(api.patch(path, {"enabled": False}), "PATCH /v1/webhook-endpoints/{id}")
    check(api.post(f"{path}/test"), "POST /v1/webhook-endpoints/{id}/test")
    check(api.get(path), "GET /v1/webhook-endpoints/{id}")
    check(api.delete(path), "DELETE /v1/webhook-endpoints/{id}")


@pytest.mark.parametrize("end", ["gift", "test"])
def test_a_webhooks_body(end: str, api: APIClient, account: Account, template: Template, now: datetime) -> None:
    types = ["gift.rendering", "gift.ready", "gift.scheduled", "gift.sent", "gift.watched", "gift.thanked"]
    made = api.post("/v1/webhook-endpoints", {"url": "https://93.184.215.14/hook", "types": types}).json()
    if end == "test":
        api.post(f"/v1/webhook-endpoints/{made['id']}/test")
    else:
        services.leave_thanks(build.watched(account, now).pk, text="I cried!", now=now)

    bodies = [json.loads(delivery.body) for delivery in WebhookDelivery.objects.order_by("id")]

    assert [body["type"] for body in bodies] == (["webhook.test"] if end == "test" else types)
    for body in bodies:
        described = DOCUMENT["webhooks"][body["type"]]["post"]["requestBody"]["content"]["application/json"]
        validator = Draft202012Validator({**DOCUMENT, **described["schema"]}, format_checker=CHECKER)
        assert [error.message for error in validator.iter_errors(body)] == []


@pytest.mark.django_db
def test_health() -> None:
    check(APIClient().get("/healthz"), "GET /healthz")
    check(APIClient().get("/readyz"), "GET /readyz")
