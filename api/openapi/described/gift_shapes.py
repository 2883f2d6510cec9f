"""A gift's JSON and what hangs on it, as the API answers it."""

from typing import Any

from api.gifts.serializers import MAX_MEDIA
from api.gifts.states import Delivery, GiftStatus, OrderStatus
from api.openapi.shapes import (
    Schema,
    address,
    choice,
    flag,
    instant,
    number,
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
from api.rendering.states import RenderStatus

_STATES = "\n".join(f"* `{state.value}` - {state.label}" for state in GiftStatus)

_TIMES: dict[str, Schema] = {
    "created_at": instant(),
    "updated_at": instant(),
    "submitted_at": or_null(instant()),
    "rendered_at": or_null(instant("When its newest film was verified.")),
    "sent_at": or_null(instant()),
    "watched_at": or_null(instant()),
    "expires_at": or_null(instant("90 days after `rendered_at`.")),
    "canceled_at": or_null(instant()),
}

SCHEMAS: dict[str, Schema] = {
    "GiftStatus": choice(GiftStatus.values, _STATES),
    "Gift": record(
        {
            "id": uuid(),
            "livemode": flag(),
            "version": whole("One more with each change; goes into `If-Match`.", minimum=1),
            "status": ref("GiftStatus"),
            "template": text("The template's slug."),
            "occasion": text(),
            "sender": record({"name": text(), "email": text()}),
            "recipient": record({"name": text(), "email": or_null(text())}),
            "message": text(),
            "fields": pairs(text(), "The template's fields that are filled in."),
            "product": or_null(ref("Product")),
            "media": rows(uuid(), "Uploads, in the order of the film.", maxItems=MAX_MEDIA),
            "order": record(
                {
                    "required": flag("Whether the gift waits until its order is paid."),
                    "reference": or_null(text("The shop's own.")),
                    "status": choice(OrderStatus.values),
                }
            ),
            "approval": record(
                {"required": flag("Whether the gift waits for `/approve`."), "approved_at": or_null(instant())}
            ),
            "delivery": choice(Delivery.values, "`email`: we mail the recipient. `link`: the sender gets the link."),
            "deliver_at": or_null(instant("null: as soon as it may.")),
            "timezone": or_null(text("An IANA name.")),
            "video": or_null(ref("Video")),
            "watch_url": or_null(address("The recipient's page; null until the gift is sent.")),
            "failure": or_null(ref("Failure")),
            "metadata": pairs(text()),
            **_TIMES,
        }
    ),
    "GiftList": page_of("Gift", "A page of gifts."),
    "Product": record(
        {
            "name": text(),
            "url": text(),
            "image_url": text(),
            "price": record({"amount": text("A decimal number."), "currency": text("An ISO 4217 code.")}),
        },
        "As it was given.",
        optional=["url", "image_url", "price"],
    ),
    "Video": record(
        {
            "url": address("Signed until `expires_at`; ask for the gift again for a fresh one."),
            "poster_url": or_null(address("A picture of it, signed likewise.")),
            "duration_s": or_null(number(minimum=0)),
            "width": or_null(whole(minimum=1)),
            "height": or_null(whole(minimum=1)),
            "size_bytes": or_null(whole(minimum=1)),
            "expires_at": instant("An hour from now."),
        },
        "The newest verified film; null before there is one.",
    ),
    "Failure": record(
        {
            "code": text("For programs."),
            "detail": text("For people."),
            "retryable": flag("Whether trying again may help."),
        },
        optional=["retryable"],
    ),
    "GiftEvent": record(
        {
            "id": uuid(),
            "type": text("Such as `gift.sent`, `order.paid` or `mail.accepted`."),
            "at": instant("Strictly increasing within a gift."),
            "actor": text("Who did it: `api_key:…`, `staff:…`, `system`, `renderer`, `sendgrid` or `recipient`."),
            "data": {"type": "object", "description": "Its details. A change of state has `from` and `to`."},
        }
    ),
    "GiftEventList": page_of("GiftEvent", "A page of a gift's timeline."),
    "Render": record(
        {
            "id": uuid(),
            "attempt": whole("Above 1 where an earlier one failed.", minimum=1),
            "status": choice(RenderStatus.values),
            "provider_id": or_null(text("The rendering service's own.")),
            "seconds": or_null(number("From submission to end.")),
            "failure": or_null(ref("Failure")),
            "created_at": instant(),
            "submitted_at": or_null(instant()),
            "finished_at": or_null(instant()),
        }
    ),
    "RenderList": page_of("Render", "A page of a gift's renders."),
}

GIFT: dict[str, Any] = {
    "id": "01936b11-5f3a-7c86-b1a0-6e5d4c3b2a19",
    "livemode": False,
    "version": 5,
    "status": "scheduled",
    "template": "birthday-confetti",
    "occasion": "birthday",
    "sender": {"name": "Ana", "email": "ana@example.com"},
    "recipient": {"name": "Ben", "email": "ben@example.com"},
    "message": "Happy 30th!",
    "fields": {"headline": "BEN IS 30"},
    "product": {
        "name": "Espresso set",
        "url": "https://shop.example/espresso",
        "price": {"amount": "49.00", "currency": "AUD"},
    },
    "media": ["01936b10-2f0c-7b7e-8d59-0a6b1de1c3a4"],
    "order": {"required": True, "reference": "SO-1001", "status": "paid"},
    "approval": {"required": False, "approved_at": None},
    "delivery": "email",
    "deliver_at": "2026-12-24T21:00:00Z",
    "timezone": "Australia/Sydney",
    "video": {
        "url": "https://media.example/films/…?X-Amz-Signature=…",
        "poster_url": "https://media.example/films/…?X-Amz-Signature=…",
        "duration_s": 31.4,
        "width": 1280,
        "height": 720,
        "size_bytes": 8123456,
        "expires_at": "2026-11-23T13:00:00Z",
    },
    "watch_url": None,
    "failure": None,
    "metadata": {"cart": "c_91"},
    "created_at": "2026-11-23T12:00:00Z",
    "updated_at": "2026-11-23T12:02:10Z",
    "submitted_at": "2026-11-23T12:01:00Z",
    "rendered_at": "2026-11-23T12:01:48Z",
    "sent_at": None,
    "watched_at": None,
    "expires_at": "2027-02-21T12:01:48Z",
    "canceled_at": None,
}
_NOTHING_YET = dict.fromkeys(["video", "submitted_at", "rendered_at", "expires_at"])
DRAFT = {**GIFT, **_NOTHING_YET, "version": 1, "status": "draft", "order": {**GIFT["order"], "status": "pending"}}
RENDERING = {**DRAFT, "version": 2, "status": "rendering", "submitted_at": GIFT["submitted_at"]}
CANCELED = {**DRAFT, "version": 2, "status": "canceled", "canceled_at": GIFT["updated_at"]}
APPROVED = {**GIFT, "approval": {"required": True, "approved_at": GIFT["updated_at"]}}
SENT = {
    **GIFT,
    "version": 7,
    "status": "sent",
    "sent_at": "2026-12-24T21:00:03Z",
    "watch_url": "https://giftflick.example/g/k3pQ9wXz1aBcD2eFgH4iJ5kL6mN7oP8q",
}
EVENT = {
    "id": "01936b11-60aa-7d21-9f0e-1a2b3c4d5e6f",
    "type": "gift.rendering",
    "at": "2026-11-23T12:01:00Z",
    "actor": "api_key:8sKq2LmZ0aBc",
    "data": {"from": "draft", "to": "rendering", "render": "01936b11-60a0-7f10-8e8d-7c6b5a493827"},
}
RENDER = {
    "id": "01936b11-60a0-7f10-8e8d-7c6b5a493827",
    "attempt": 1,
    "status": "succeeded",
    "provider_id": "d2b46ed6-998a-4d6b-9d91-b8cf0193a655",
    "seconds": 46.2,
    "failure": None,
    "created_at": "2026-11-23T12:01:00Z",
    "submitted_at": "2026-11-23T12:01:02Z",
    "finished_at": "2026-11-23T12:01:48Z",
}
