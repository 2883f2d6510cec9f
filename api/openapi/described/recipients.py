"""`/public/gifts`: what the watch page itself calls."""

from api.openapi.operations import Answer, Operation
from api.openapi.shapes import Schema, address, flag, instant, number, or_null, record, ref, text, whole
from api.viewing.models import THANKS_A_GIFT
from api.viewing.serializers import ProgressSerializer, ThanksSerializer

TAG = "Recipients"
ABOUT = "The watch page as JSON. Whoever has the link is the recipient: no key, nothing of the order or of addresses."

SCHEMAS: dict[str, Schema] = {
    "PublicGift": record(
        {
            "sender_name": text(),
            "recipient_name": text(),
            "message": text(),
            "occasion": text(),
            "product": or_null(ref("PublicProduct")),
            "video": ref("PublicVideo"),
            "expires_at": or_null(instant("Until when it can be watched.")),
            "can_thank": flag(),
            "thanks_left": whole(minimum=0, maximum=THANKS_A_GIFT),
        }
    ),
    "PublicProduct": record(
        {
            "name": text(),
            "url": or_null(text("An http or https address.")),
            "image_url": or_null(text("An http or https address.")),
            "price": or_null(record({"amount": text(), "currency": text()})),
        }
    ),
    "PublicVideo": record(
        {
            "url": address("Signed until `expires_at`."),
            "poster_url": or_null(address("Signed until `expires_at`.")),
            "duration_s": or_null(number()),
            "width": or_null(whole()),
            "height": or_null(whole()),
            "expires_at": instant(),
        }
    ),
    "GivenThanks": record(
        {"message": text(), "thanks_left": whole("How often more.", minimum=0, maximum=THANKS_A_GIFT)},
    ),
}

EXAMPLE = {
    "sender_name": "Ana",
    "recipient_name": "Ben",
    "message": "Happy 30th!",
    "occasion": "birthday",
    "product": {
        "name": "Espresso set",
        "url": "https://shop.example/espresso",
        "image_url": None,
        "price": {"amount": "49.00", "currency": "AUD"},
    },
    "video": {
        "url": "https://media.example/films/…?X-Amz-Signature=…",
        "poster_url": "https://media.example/films/…?X-Amz-Signature=…",
        "duration_s": 31.4,
        "width": 1280,
        "height": 720,
        "expires_at": "2026-11-23T13:00:00Z",
    },
    "expires_at": "2027-02-21T12:00:00Z",
    "can_thank": True,
    "thanks_left": 3,
}

TOKEN = {"token": "The last part of the gift's `watch_url`."}
TOKEN_EXAMPLE = {"token": "k3pQ9wXz1aBcD2eFgH4iJ5kL6mN7oP8q"}

OPERATIONS = {
    "GET /public/gifts/{token}": Operation(
        id="show_gift",
        tag=TAG,
        summary="What the recipient sees",
        description="404 before the gift is sent, 410 once it is expired or withdrawn. Reading it changes nothing.",
        answer=Answer("The gift, with freshly signed addresses.", "PublicGift", EXAMPLE),
        codes={410: ("gone",)},
        path_words=TOKEN,
        path_examples=TOKEN_EXAMPLE,
        has_key=False,
    ),
    "POST /public/gifts/{token}/progress": Operation(
        id="report_progress",
        tag=TAG,
        summary="How far it was watched",
        description="The player reports its quarters. From 25 on the gift is `watched`; less than before is no news.",
        answer=Answer("Noted.", status=204),
        codes={410: ("gone",)},
        body=ProgressSerializer,
        body_examples={"a quarter": {"percent": 25}},
        path_words=TOKEN,
        path_examples=TOKEN_EXAMPLE,
        has_key=False,
    ),
    "POST /public/gifts/{token}/thanks": Operation(
        id="leave_thanks",
        tag=TAG,
        summary="Say thanks",
        description=f"Mailed to the sender; at most {THANKS_A_GIFT} times for a gift.",
        answer=Answer("Kept, and on its way.", "GivenThanks", {"message": "I cried!", "thanks_left": 2}, status=201),
        codes={410: ("gone",), 429: ("thanks_used_up",)},
        body=ThanksSerializer,
        body_examples={"thanks": {"message": "I cried! Thank you."}},
        path_words=TOKEN,
        path_examples=TOKEN_EXAMPLE,
        has_key=False,
    ),
}
