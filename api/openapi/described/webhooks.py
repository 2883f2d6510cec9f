"""`/v1/webhook-endpoints`, and what is sent to them."""

from typing import Any

from api.openapi.operations import Answer, Operation
from api.openapi.shapes import (
    Schema,
    choice,
    flag,
    instant,
    or_null,
    page_of,
    pairs,
    record,
    ref,
    rows,
    text,
    uuid,
    whole,
)
from api.webhooks.serializers import EndpointIn
from api.webhooks.states import TEST, DeliveryStatus, DisabledReason, WebhookType

TAG = "Webhooks"
ABOUT = (
    "Where your server is told what happens to its gifts, signed after "
    "[Standard Webhooks](https://www.standardwebhooks.com) and tried again for more than a day."
)

_ENDPOINT: dict[str, Schema] = {
    "id": uuid(),
    "livemode": flag("It hears of gifts of this mode."),
    "version": whole("One more with each change; goes into `If-Match`.", minimum=1),
    "url": text("An https address."),
    "types": rows(ref("WebhookType")),
    "enabled": flag(),
    "disabled_at": or_null(instant()),
    "disabled_reason": or_null(
        choice(DisabledReason.values, "\n".join(f"* `{reason.value}` - {reason.label}" for reason in DisabledReason))
    ),
    "failing_since": or_null(instant("The first failure after the last success.")),
    "created_at": instant(),
    "updated_at": instant(),
}
_SECRET = text("`whsec_…`: what signatures are made with. Shown now and never again.", pattern="^whsec_")

SCHEMAS: dict[str, Schema] = {
    "WebhookType": choice(WebhookType.values),
    "WebhookEndpoint": record(_ENDPOINT),
    "WebhookEndpointWithSecret": record(
        {**_ENDPOINT, "secret": _SECRET},
        "An answer to a repeated `Idempotency-Key` leaves the secret out.",
        optional=["secret"],
    ),
    "WebhookEndpointList": page_of("WebhookEndpoint", "A page of webhook endpoints."),
    "WebhookDelivery": record(
        {
            "id": uuid(),
            "livemode": flag(),
            "event_id": uuid("The event's id in the gift's timeline, and the `webhook-id` of every attempt."),
            "type": text("A webhook type, or `webhook.test`."),
            "status": choice(
                DeliveryStatus.values, "\n".join(f"* `{status.value}` - {status.label}" for status in DeliveryStatus)
            ),
            "created_at": instant(),
            "next_attempt_at": or_null(instant()),
            "attempts": rows(ref("WebhookAttempt"), "The newest ten, the last one last.", maxItems=10),
        }
    ),
    "WebhookAttempt": record(
        {
            "at": instant(),
            "code": or_null(whole("What your endpoint answered; null where it did not.")),
            "ms": or_null(whole("How long that took.", minimum=0)),
            "response": text("The first 1 kB of its answer."),
            "error": or_null(text("Why there was no answer, such as `timeout` or `address_refused`.")),
        }
    ),
    "WebhookDeliveryList": page_of("WebhookDelivery", "A page of deliveries."),
    "GiftWebhook": record(
        {
            "type": ref("WebhookType"),
            "timestamp": instant("When it happened."),
            "data": record(
                {
                    "gift_id": uuid("Ask for the gift to see more: nothing that a person wrote is in a webhook."),
                    "livemode": flag(),
                    "from": or_null(ref("GiftStatus")),
                    "to": ref("GiftStatus"),
                    "order_reference": or_null(text()),
                    "metadata": pairs(text()),
                },
                optional=["from", "to"],
            ),
        }
    ),
    "TestWebhook": record(
        {
            "type": text(const=TEST),
            "timestamp": instant(),
            "data": record({"endpoint_id": uuid(), "livemode": flag()}),
        }
    ),
}

ENDPOINT: dict[str, Any] = {
    "id": "01936b20-0b1c-7d2e-9f30-415263748596",
    "livemode": True,
    "version": 1,
    "url": "https://shop.example/giftflick",
    "types": ["gift.ready", "gift.sent"],
    "enabled": True,
    "disabled_at": None,
    "disabled_reason": None,
    "failing_since": None,
    "created_at": "2026-11-23T12:00:00Z",
    "updated_at": "2026-11-23T12:00:00Z",
}
WITH_SECRET = {**ENDPOINT, "secret": "whsec_…"}
DELIVERY: dict[str, Any] = {
    "id": "01936b20-77aa-7c01-8def-0123456789ab",
    "livemode": True,
    "event_id": "01936b20-77a9-7b02-8cde-f0123456789a",
    "type": "gift.sent",
    "status": "succeeded",
    "created_at": "2026-12-24T21:00:03Z",
    "next_attempt_at": None,
    "attempts": [{"at": "2026-12-24T21:00:03Z", "code": 204, "ms": 84, "response": "", "error": None}],
}
WAITING = {**DELIVERY, "status": "pending", "next_attempt_at": "2026-12-24T21:10:00Z", "attempts": []}
BODY = {name: ENDPOINT[name] for name in ("url", "types")}

ID = {"id": "The endpoint's id."}
ID_EXAMPLE = {"id": ENDPOINT["id"]}
IDS = {**ID, "delivery": "The delivery's id."}
IDS_EXAMPLE = {**ID_EXAMPLE, "delivery": DELIVERY["id"]}


def _of_one(name: str, summary: str, description: str, answer: Answer, **rest: Any) -> Operation:
    rest = {"path_words": ID, "path_examples": ID_EXAMPLE, **rest}
    return Operation(id=name, tag=TAG, summary=summary, description=description, answer=answer, **rest)


OPERATIONS = {
    "POST /v1/webhook-endpoints": Operation(
        id="create_webhook_endpoint",
        tag=TAG,
        summary="Register an endpoint",
        description="An https address that the whole world can reach, and the types it wants to hear of. The answer "
        "has the secret.",
        answer=Answer("The endpoint, with its secret.", "WebhookEndpointWithSecret", WITH_SECRET, status=201),
        codes={409: ("too_many_endpoints",)},
        body=EndpointIn,
        body_examples={"endpoint": BODY},
    ),
    "GET /v1/webhook-endpoints": Operation(
        id="list_webhook_endpoints",
        tag=TAG,
        summary="List endpoints",
        description="Newest first.",
        answer=Answer("A page.", "WebhookEndpointList", {"next": None, "previous": None, "results": [ENDPOINT]}),
        is_list=True,
    ),
    "GET /v1/webhook-endpoints/{id}": _of_one(
        "get_webhook_endpoint",
        "One endpoint",
        "Without its secret.",
        Answer("The endpoint.", "WebhookEndpoint", ENDPOINT),
    ),
    "PATCH /v1/webhook-endpoints/{id}": _of_one(
        "update_webhook_endpoint",
        "Change an endpoint",
        "`enabled` brings back one that was switched off, by you or because it failed.",
        Answer("The endpoint after it.", "WebhookEndpoint", {**ENDPOINT, "version": 2}),
        codes={412: ("precondition_failed",)},
        body=EndpointIn,
        body_examples={"off": {"enabled": False}},
    ),
    "DELETE /v1/webhook-endpoints/{id}": _of_one(
        "delete_webhook_endpoint",
        "Delete an endpoint",
        "With its log. What is on its way to it is given up.",
        Answer("It is gone.", status=204),
    ),
    "POST /v1/webhook-endpoints/{id}/rotate": _of_one(
        "rotate_webhook_secret",
        "A new secret",
        "For a day the old one signs along: each call has two signatures, and either may be checked.",
        Answer("The endpoint, with its new secret.", "WebhookEndpointWithSecret", WITH_SECRET),
    ),
    "POST /v1/webhook-endpoints/{id}/test": _of_one(
        "test_webhook_endpoint",
        "Send a test",
        "An event `webhook.test`, which is about no gift.",
        Answer("The delivery.", "WebhookDelivery", {**WAITING, "type": TEST}),
        codes={409: ("invalid_state",)},
    ),
    "GET /v1/webhook-endpoints/{id}/deliveries": _of_one(
        "list_webhook_deliveries",
        "The log",
        "What was sent, and what came of it; newest first, kept for 30 days.",
        Answer("A page.", "WebhookDeliveryList", {"next": None, "previous": None, "results": [DELIVERY]}),
        is_list=True,
    ),
    "POST /v1/webhook-endpoints/{id}/deliveries/{delivery}/redeliver": _of_one(
        "redeliver_webhook",
        "Send it again",
        "The same event, byte for byte, with all its retries.",
        Answer("The delivery.", "WebhookDelivery", WAITING),
        codes={409: ("invalid_state",)},
        path_words=IDS,
        path_examples=IDS_EXAMPLE,
    ),
}

_SIGNED = [
    {
        "name": name,
        "in": "header",
        "required": True,
        "description": description,
        "schema": text(),
    }
    for name, description in (
        ("webhook-id", "The event's id, the same on every attempt: who has seen it can answer 204 and be done."),
        ("webhook-timestamp", "Seconds since 1970. Refuse what is more than five minutes off."),
        ("webhook-signature", "`v1,…`; while a secret is rotated two of them, with a blank between."),
    )
]


def _webhook(kind: str, summary: str, schema: str, example: dict[str, Any]) -> dict[str, Any]:
    return {
        "post": {
            "operationId": "on_" + kind.replace(".", "_"),
            "tags": [TAG],
            "summary": summary,
            "parameters": _SIGNED,
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": ref(schema), "examples": {"event": {"value": example}}}},
            },
            "responses": {
                "2XX": {"description": "Heard, within ten seconds. Anything else is a failure, also a redirect."},
                "410": {"description": "Never again: the endpoint is switched off."},
            },
        }
    }


def _example(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "timestamp": "2026-12-24T21:00:03Z", "data": data}


_DATA = {
    "gift_id": "01936b11-5f3a-7c86-b1a0-6e5d4c3b2a19",
    "livemode": True,
    "order_reference": "SO-1001",
    "metadata": {"cart": "c_91"},
}
_SUMMARIES = {
    WebhookType.RENDERING: "The film is being made",
    WebhookType.READY: "The film is made",
    WebhookType.SCHEDULED: "Paid and approved, waiting for its hour",
    WebhookType.SENT: "The mail is out, or the link is with the sender",
    WebhookType.DELIVERED: "The mail arrived",
    WebhookType.BOUNCED: "The address does not work",
    WebhookType.WATCHED: "A quarter was watched",
    WebhookType.THANKED: "The recipient said thanks",
    WebhookType.FAILED: "The film could not be made",
    WebhookType.EXPIRED: "It is over",
    WebhookType.CANCELED: "It was called off or withdrawn",
}

WEBHOOKS: dict[str, Any] = {
    kind.value: _webhook(kind.value, summary, "GiftWebhook", _example(kind.value, _DATA))
    for kind, summary in _SUMMARIES.items()
} | {TEST: _webhook(TEST, "A test", "TestWebhook", _example(TEST, {"endpoint_id": ENDPOINT["id"], "livemode": True}))}
