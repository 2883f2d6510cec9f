import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

import pytest
from django.conf import settings

from api.delivery.content import MailContent, compose, compose_mail, one_line
from api.delivery.models import Message
from api.delivery.services import queue_message
from api.delivery.states import MessageKind
from api.gifts.models import Gift
from api.viewing.models import Thanks

pytestmark = pytest.mark.django_db

Write = Callable[..., MailContent]

ABOUT_A_GIFT = [kind for kind in MessageKind if kind != MessageKind.WEBHOOK_DISABLED]
HOSTILE = '<script>alert(1)</script> & "Ana" {{ secret }}'
SHOP_URL = "https://shop.example/set?a=1&b=2"
PRODUCT = {"name": "Espresso set", "url": SHOP_URL, "price": {"amount": "49.00", "currency": "AUD"}}


@pytest.fixture
def mail_about(make_gift: Callable[..., Gift], now: datetime) -> Callable[..., Message]:
    def queue(kind: MessageKind, *, thanks: str = "", **changes: Any) -> Message:
        gift = make_gift(**{"expires_at": now + timedelta(days=90), "product": PRODUCT} | changes)
        answer = Thanks.objects.create(gift=gift, message=thanks, created_at=now) if thanks else None
        return queue_message(gift, kind, to_email="to@example.com", to_name="To", now=now, thanks=answer)

    return queue


@pytest.fixture
def write(mail_about: Callable[..., Message], now: datetime) -> Write:
    def compose_about(kind: MessageKind, **changes: Any) -> MailContent:
        return compose(mail_about(kind, **changes), now=now)

    return compose_about


def visible(html: str) -> str:
    without_filler = html.partition("</head>")[2].replace("&#8199;&#847;", "")
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", without_filler))


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        (MessageKind.GIFT, "Ben, Ana made you a video"),
        (MessageKind.LINK, "Your video for Ben is ready to share"),
        (MessageKind.RECEIPT, "Your gift for Ben is in the making"),
        (MessageKind.VIDEO_READY, "Your video for Ben is finished"),
        (MessageKind.ADDRESS_BOUNCED, "Your gift could not reach Ben"),
        (MessageKind.THANKS, "Ben says thank you"),
    ],
)
def test_each_kind_has_a_subject_and_both_parts_with_its_link(
    mail_about: Callable[..., Message], now: datetime, kind: MessageKind, subject: str
) -> None:
    message = mail_about(kind, thanks="Thank you!")
    assert message.gift is not None
    is_for_watching = kind in {MessageKind.GIFT, MessageKind.LINK, MessageKind.THANKS}
    link = f"{settings.BASE_URL}/g/{message.gift.token}" if is_for_watching else SHOP_URL

    content = compose(message, now=now)

    assert content.subject == subject
    assert f'href="{escape(link)}"' in content.html
    assert f"\n{link}\n" in content.text
    assert "\n\n\n" not in content.text
    assert all(line == line.rstrip() for line in content.text.splitlines())


@pytest.mark.parametrize("kind", ABOUT_A_GIFT)
def test_what_people_wrote_is_text_and_never_markup(write: Write, kind: MessageKind) -> None:
    content = write(
        kind,
        sender_name=HOSTILE,
        recipient_name=HOSTILE,
        message=HOSTILE,
        order_reference=HOSTILE,
        order_required=True,
        product={**PRODUCT, "name": HOSTILE, "url": 'https://shop.example/"onclick="x'},
        thanks=HOSTILE,
    )

    assert escape("<script>alert(1)</script>") in content.html
    assert "<script" not in content.html
    assert 'onclick="x' not in content.html
    assert HOSTILE in content.text


@pytest.mark.parametrize("kind", ABOUT_A_GIFT)
def test_mails_load_nothing_from_anywhere(write: Write, kind: MessageKind) -> None:
    html = write(kind, thanks="Thank you!").html

    assert re.findall(r"<(?:img|link|script|iframe|object|video)\b|url\(|@import|\bsrc=", html) == []
    assert set(re.findall(r"https?://[^/\"'<\s]+", html)) <= {
        settings.BASE_URL,
        "https://shop.example",
        "http://www.w3.org",  # the name of XHTML's namespace
    }


@pytest.mark.parametrize("kind", ABOUT_A_GIFT)
def test_subject_is_one_short_line_whatever_the_names_are(write: Write, kind: MessageKind) -> None:
    content = write(kind, sender_name="A" * 100, recipient_name="B\r\nBcc: c@example.com" + "b" * 70)

    assert len(content.subject) <= 150
    assert content.subject.splitlines() == [content.subject]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Ana\r\nBcc: x@example.com", "Ana Bcc: x@example.com"),
        ("  Ana \t B\x00\x1f\x85\u2028 ", "Ana B"),
        ("\u202egnp.exe\u202c", "gnp.exe"),
        ("عمر", "عمر"),
        ("Zoë 👩\u200d👩\u200d👧 🎁", "Zoë 👩\u200d👩\u200d👧 🎁"),
        ("x" * 200, "x" * 119 + "…"),
    ],
)
def test_name_is_made_fit_for_a_header(text: str, line: str) -> None:
    assert one_line(text) == line


def test_gift_mail_comes_from_us_in_the_senders_name_and_is_answered_to_her(
    mail_about: Callable[..., Message], now: datetime
) -> None:
    mail = compose_mail(mail_about(MessageKind.GIFT), now=now)

    assert mail.from_name == "Ana via Giftflick"
    assert mail.reply_to is not None
    assert (mail.reply_to.email, mail.reply_to.name) == ("ana@example.com", "Ana")
    assert (mail.to.email, mail.to.name, mail.kind) == ("to@example.com", "To", "gift")


@pytest.mark.parametrize("kind", [kind for kind in MessageKind if kind != MessageKind.GIFT])
def test_other_mails_come_from_us_alone(mail_about: Callable[..., Message], now: datetime, kind: MessageKind) -> None:
    mail = compose_mail(mail_about(kind, thanks="Thank you!"), now=now)

    assert (mail.from_name, mail.reply_to) == ("Giftflick", None)


def test_gift_mail_shows_the_beginning_of_a_long_message(write: Write) -> None:
    content = write(MessageKind.GIFT, message=("All the best to you. " * 50)[:1000])

    [teaser] = re.findall(r"^> (.*)$", content.text, re.MULTILINE)
    assert 150 < len(teaser) <= 222
    assert teaser.endswith(" …")
    assert len(visible(content.html)) < 900


@pytest.mark.parametrize("message", ["x" * 1000, "😀" * 1000, "日" * 1000])
def test_message_without_blanks_is_cut_as_well(write: Write, message: str) -> None:
    content = write(MessageKind.GIFT, message=message)

    [teaser] = re.findall(r"^> (.*)$", content.text, re.MULTILINE)
    assert teaser == message[:219] + "…"


def test_message_of_many_lines_is_cut_after_a_few(write: Write) -> None:
    content = write(MessageKind.GIFT, message="\n\n".join(f"line {number}" for number in range(50)))

    assert re.findall(r"^> (.*)$", content.text, re.MULTILINE) == ["line 0", "line 1", "line 2", "line 3 …"]
    assert "line 0<br>line 1<br>line 2<br>line 3 …" in content.html


def test_gift_without_a_message_has_no_empty_quote(write: Write) -> None:
    content = write(MessageKind.GIFT, message="")

    assert ">" not in content.text
    assert 'dir="auto" bgcolor="#faf5f2"' not in content.html


def test_thanks_are_shown_whole(write: Write) -> None:
    thanks = ("Thank you so much.\n" * 60)[:1000].strip()

    content = write(MessageKind.THANKS, thanks=thanks)

    assert content.html.count("Thank you so much.") == thanks.count("Thank you so much.")
    assert len(re.findall(r"^> Thank", content.text, re.MULTILINE)) == len(thanks.splitlines())


@pytest.mark.parametrize(
    ("timezone", "until"),
    [
        ("Australia/Sydney", "Tuesday 23 March 2027, 08:30 (Australia/Sydney)"),
        ("America/New_York", "Monday 22 March 2027, 17:30 (America/New York)"),
        ("", "Monday 22 March 2027, 21:30 (UTC)"),
        ("Nowhere/Land", "Monday 22 March 2027, 21:30 (UTC)"),
        ("../etc/passwd", "Monday 22 March 2027, 21:30 (UTC)"),
    ],
)
def test_times_are_shown_in_the_gifts_zone(write: Write, timezone: str, until: str) -> None:
    expires_at = datetime(2027, 3, 22, 21, 30, tzinfo=UTC)

    content = write(MessageKind.GIFT, timezone=timezone, expires_at=expires_at)

    assert f"You can watch it until {until}." in content.text
    assert f"You can watch it until {until}." in visible(content.html)


@pytest.mark.parametrize(
    ("changes", "delivery"),
    [
        ({}, "Ben gets it by mail in a moment."),
        ({"order_required": True}, "Ben gets it by mail right after that."),
        ({"deliver_in": timedelta(days=1)}, "Ben gets it by mail on Tuesday 24 November 2026, 12:00 (UTC)."),
        ({"deliver_in": timedelta(hours=-1)}, "Ben gets it by mail in a moment."),
        ({"delivery": "link"}, "In a moment we mail you the link, and you share it with Ben."),
        ({"delivery": "link", "approval_required": True}, "Right after that we mail you the link, and you share it"),
        (
            {"delivery": "link", "deliver_in": timedelta(days=1)},
            "On Tuesday 24 November 2026, 12:00 (UTC) we mail you the link",
        ),
    ],
)
def test_finished_video_says_when_it_travels(
    write: Write, now: datetime, changes: dict[str, Any], delivery: str
) -> None:
    wait = changes.pop("deliver_in", None)

    content = write(MessageKind.VIDEO_READY, deliver_at=now + wait if wait else None, **changes)

    assert delivery in visible(content.html)
    assert delivery.lower() in content.text.lower()


@pytest.mark.parametrize(
    ("changes", "payment", "approval"),
    [
        ({}, False, False),
        ({"order_required": True, "order_reference": "SO-1001"}, True, False),
        ({"order_required": True, "order_status": "paid"}, False, False),
        ({"approval_required": True}, False, True),
        ({"approval_required": True, "approved_at": datetime(2026, 11, 23, tzinfo=UTC)}, False, False),
    ],
)
def test_finished_video_says_what_it_waits_for(
    write: Write, changes: dict[str, Any], payment: bool, approval: bool
) -> None:
    content = write(MessageKind.VIDEO_READY, **changes)

    for part in (visible(content.html), content.text):
        assert (("is paid" in part), ("is approved" in part)) == (payment, approval)


def test_finished_video_names_the_product_and_its_price(write: Write) -> None:
    assert "Product: Espresso set, AUD 49.00" in write(MessageKind.VIDEO_READY).text


@pytest.mark.parametrize(
    "product", [None, {}, {"name": "Espresso set", "url": "javascript:alert(1)"}, {"name": "Espresso set", "price": 4}]
)
def test_product_without_a_web_address_has_no_button(write: Write, product: dict[str, Any] | None) -> None:
    content = write(MessageKind.VIDEO_READY, product=product)

    assert "<a " not in content.html
    assert "javascript" not in content.text


def test_bounced_mail_names_the_address_that_bounced(write: Write) -> None:
    content = write(MessageKind.ADDRESS_BOUNCED, bounced_email="bne@example.com", recipient_email="ben@example.com")

    assert "bne@example.com" in visible(content.html)
    assert "\nbne@example.com\n" in content.text
    assert "ben@example.com" not in content.text
