"""`/v1/gifts`."""

from typing import Any

from api.gifts.serializers import OrderUpdateIn
from api.gifts.states import GiftStatus
from api.openapi.bodies import GiftChanges, GiftInput
from api.openapi.described.gift_shapes import (
    APPROVED,
    CANCELED,
    DRAFT,
    EVENT,
    GIFT,
    RENDER,
    RENDERING,
    SCHEMAS,
    SENT,
)
from api.openapi.operations import Answer, Operation, query
from api.openapi.shapes import instant, ref, rows, text

__all__ = ["ABOUT", "OPERATIONS", "SCHEMAS", "TAG"]

TAG = "Gifts"
ABOUT = (
    "A gift travels from `draft` over `rendering`, `ready` and `scheduled` to `sent` and `watched`. Each action asks "
    "for one step; one that is not possible is 409 `invalid_state`, and asking for where the gift already is changes "
    "nothing."
)

ID = {"id": "The gift's id."}
ID_EXAMPLE = {"id": GIFT["id"]}
WHILE_MAILED = ("invalid_state", "delivery_in_progress")

BODY: dict[str, Any] = {
    "template": "birthday-confetti",
    "sender": {"name": "Ana", "email": "ana@example.com"},
    "recipient": {"name": "Ben", "email": "ben@example.com"},
    "message": "Happy 30th!",
    "fields": {"headline": "BEN IS 30"},
    "product": {
        "name": "Espresso set",
        "url": "https://shop.example/espresso",
        "price": {"amount": "49.00", "currency": "AUD"},
    },
    "order": {"required": True, "reference": "SO-1001"},
    "deliver_at": "2026-12-25T08:00:00",
    "timezone": "Australia/Sydney",
    "metadata": {"cart": "c_91"},
}
SMALLEST = {name: BODY[name] for name in ("template", "sender", "recipient")}

FILTERS = (
    query(
        "status",
        "Gifts in this state, or in one of these.",
        rows(ref("GiftStatus"), maxItems=len(GiftStatus)),
        style="form",
        explode=True,
    ),
    query("recipient_email", "Gifts to this address, in small letters or large.", text()),
    query("order_reference", "Gifts of this order.", text()),
    query("created_after", "Made then or later.", instant()),
    query("created_before", "Made before.", instant()),
    query("deliver_after", "Due then or later; the list is then in the order of `deliver_at`.", instant()),
    query("deliver_before", "Due before; the list is then in the order of `deliver_at`.", instant()),
)


def _action(name: str, summary: str, description: str, example: Any, **rest: Any) -> Operation:
    rest.setdefault("codes", {409: WHILE_MAILED})
    return Operation(
        id=f"{name}_gift",
        tag=TAG,
        summary=summary,
        description=description,
        answer=Answer("The gift after it.", "Gift", example),
        path_words=ID,
        path_examples=ID_EXAMPLE,
        **rest,
    )


OPERATIONS = {
    "POST /v1/gifts": Operation(
        id="create_gift",
        tag=TAG,
        summary="Make a draft",
        description="Needs `template`, `sender` and `recipient`; all else is optional. A field that is not known is an "
        "error, and null for an optional one counts as absent.",
        answer=Answer("The draft.", "Gift", DRAFT, status=201),
        body=GiftInput,
        body_examples={"whole": BODY, "smallest": SMALLEST},
    ),
    "GET /v1/gifts": Operation(
        id="list_gifts",
        tag=TAG,
        summary="List gifts",
        description="Newest first. Filters can be combined; one that is not known is an error.",
        answer=Answer("A page.", "GiftList", {"next": None, "previous": None, "results": [GIFT]}),
        parameters=FILTERS,
        is_list=True,
    ),
    "GET /v1/gifts/{id}": Operation(
        id="get_gift",
        tag=TAG,
        summary="One gift",
        description="With freshly signed addresses of its film.",
        answer=Answer("The gift.", "Gift", GIFT),
        path_words=ID,
        path_examples=ID_EXAMPLE,
    ),
    "PATCH /v1/gifts/{id}": Operation(
        id="update_gift",
        tag=TAG,
        summary="Change a gift",
        description="As far as its state allows. What stands in the film (message, fields, media, product, template, "
        "the sender's name) has it made again and clears the approval: a changed gift never sends its old film.",
        answer=Answer("The gift after it.", "Gift", {**DRAFT, "version": 2}),
        codes={
            403: ("missing_scope", "account_suspended"),
            409: WHILE_MAILED,
            412: ("precondition_failed",),
        },
        body=GiftChanges,
        body_examples={"another hour": {"deliver_at": "2026-12-25T10:00:00", "timezone": "Australia/Sydney"}},
        path_words=ID,
        path_examples=ID_EXAMPLE,
    ),
    "DELETE /v1/gifts/{id}": Operation(
        id="delete_gift",
        tag=TAG,
        summary="Throw a draft away",
        description="Only a draft; anything later is canceled instead.",
        answer=Answer("It is gone.", status=204),
        codes={409: ("invalid_state",)},
        path_words=ID,
        path_examples=ID_EXAMPLE,
    ),
    "POST /v1/gifts/{id}/submit": _action(
        "submit",
        "Have the film made",
        "The draft becomes `rendering`, and the sender gets a receipt. It takes up to a minute or so: poll the gift, "
        "or listen to the webhook `gift.ready`.",
        RENDERING,
        codes={409: ("invalid_state",)},
    ),
    "POST /v1/gifts/{id}/render": _action(
        "render", "Have the film made again", "For a gift that failed, or is `ready` or `scheduled`.", RENDERING
    ),
    "POST /v1/gifts/{id}/approve": _action(
        "approve",
        "Approve the film",
        "Recorded in every state before `sent`; releases a gift that waited for it.",
        APPROVED,
    ),
    "POST /v1/gifts/{id}/order": _action(
        "order",
        "The order was paid, or canceled",
        "`paid` releases the gift once its film is ready; `canceled` cancels it. For your server: never give a key in "
        "a web page this scope.",
        GIFT,
        body=OrderUpdateIn,
        body_examples={"paid": {"reference": "SO-1001", "status": "paid"}, "canceled": {"status": "canceled"}},
    ),
    "POST /v1/gifts/{id}/cancel": _action(
        "cancel",
        "Call it off",
        "After `sent` this withdraws the gift: its link answers 410, its film is deleted.",
        CANCELED,
    ),
    "POST /v1/gifts/{id}/resend": _action(
        "resend",
        "Mail it again",
        "A new mail of a sent gift, or to the corrected address of a bounced one; at most three times a day.",
        SENT,
    ),
    "GET /v1/gifts/{id}/events": Operation(
        id="list_gift_events",
        tag=TAG,
        summary="What happened",
        description="The timeline, newest first: one event for each state reached and each thing done. Nothing in it "
        "ever changes.",
        answer=Answer("A page.", "GiftEventList", {"next": None, "previous": None, "results": [EVENT]}),
        path_words=ID,
        path_examples=ID_EXAMPLE,
        is_list=True,
    ),
    "GET /v1/gifts/{id}/renders": Operation(
        id="list_gift_renders",
        tag=TAG,
        summary="Each attempt to make the film",
        description="Newest first.",
        answer=Answer("A page.", "RenderList", {"next": None, "previous": None, "results": [RENDER]}),
        path_words=ID,
        path_examples=ID_EXAMPLE,
        is_list=True,
    ),
}
