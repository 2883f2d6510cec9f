"""Each number of the first page, on a small set that was counted by hand."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import Account
from api.delivery.models import Message
from api.gifts import services
from api.gifts.models import Gift
from api.media.models import Upload
from api.rendering.models import Render
from api.templates.models import Template
from api.today.contents import share_point
from api.today.models import Figures
from api.today.services import make_figures
from api.webhooks.models import WebhookEndpoint
from tests import build

DAY = timedelta(days=1)


def made(now: datetime, mode: str = "live") -> dict[str, Any]:
    assert make_figures(now=now)
    content: dict[str, Any] = Figures.objects.get(pk=mode).content
    return content


def took(gift: Gift, seconds: float, *, size: int = 1_000, film_s: float = 30.0) -> None:
    render = build.awaited(gift)
    Render.objects.filter(pk=render.pk).update(
        finished_at=render.created_at + timedelta(seconds=seconds), size_bytes=size, duration_s=film_s
    )


@pytest.fixture
def known(account: Account, other_account: Account, template: Template, noon: datetime) -> dict[str, Gift]:
    """Today a draft, a watched and thanked gift, a failed one; two days ago a sent one; 40 days ago a bounced one.

    A test gift was watched today, and the other shop made a draft yesterday.
    """
    draft = build.draft(account, noon)
    thanked = build.watched(account, noon)
    services.leave_thanks(thanked.pk, text="Thank you!", now=noon)
    services.leave_thanks(thanked.pk, text="Thank you again!", now=noon)
    failed = build.failed(account, noon)
    sent = build.sent(account, noon - 2 * DAY)
    bounced = build.bounce(build.sent(account, noon - 40 * DAY), noon)
    test = build.filmed(build.rendering(account, noon, livemode=False), noon)
    other = build.draft(other_account, noon - DAY)
    took(thanked, 10.4, size=100, film_s=60)
    took(sent, 20, size=20, film_s=90)
    took(bounced, 500, size=3, film_s=30)
    took(test, 7, size=7_000, film_s=600)
    return {"draft": draft, "thanked": thanked, "failed": failed, "sent": sent, "bounced": bounced, "test": test,
            "other": other}  # fmt: skip


def test_gifts_by_state_and_by_day(known: dict[str, Gift], noon: datetime) -> None:
    content = made(noon)

    assert content["states"] == {"draft": 2, "watched": 1, "failed": 1, "sent": 1, "bounced": 1}
    days = {day["day"]: day["states"] for day in content["days"]}
    assert len(days) == 30
    assert {day: states for day, states in days.items() if states} == {
        "2026-11-20": {"draft": 1, "watched": 1, "failed": 1},
        "2026-11-19": {"draft": 1},
        "2026-11-18": {"sent": 1},
    }
    assert [content["days"][0]["day"], content["days"][-1]["day"]] == ["2026-10-22", "2026-11-20"]


def test_how_far_gifts_come_in_each_window(known: dict[str, Gift], noon: datetime) -> None:
    windows = made(noon)["windows"]

    assert windows["7"]["gifts"] == {"created": 5, "rendered": 2, "sent": 2, "watched": 1, "thanked": 1}
    assert windows["30"]["gifts"] == windows["7"]["gifts"]
    assert windows["90"]["gifts"] == {"created": 6, "rendered": 3, "sent": 3, "watched": 1, "thanked": 1}


def test_the_window_begins_at_midnight_of_its_first_day(account: Account, template: Template, noon: datetime) -> None:
    midnight = noon.replace(hour=0) - 6 * DAY
    build.draft(account, midnight)
    build.draft(account, midnight - timedelta(microseconds=1))

    windows = made(noon)["windows"]

    assert (windows["7"]["gifts"]["created"], windows["30"]["gifts"]["created"]) == (1, 2)


def test_renders_their_success_and_seconds(known: dict[str, Gift], noon: datetime) -> None:
    windows = made(noon)["windows"]

    assert windows["7"]["renders"] == {"states": {"succeeded": 2, "failed": 1}, "median_s": 10, "p95_s": 20}
    assert windows["90"]["renders"] == {"states": {"succeeded": 3, "failed": 1}, "median_s": 20, "p95_s": 500}


def test_mails_by_what_became_of_them(known: dict[str, Gift], noon: datetime) -> None:
    Message.objects.filter(gift=known["sent"], kind="gift").update(status="delivered")
    expected: dict[str, int] = {}
    for status in Message.objects.filter(livemode=True, created_at__gte=noon - 6 * DAY).values_list(
        "status", flat=True
    ):
        expected[status] = expected.get(status, 0) + 1

    windows = made(noon)["windows"]

    assert windows["7"]["mails"] == expected
    assert expected["delivered"] == 1
    assert windows["90"]["mails"]["bounced"] == 1


def test_live_and_test_do_not_mix(known: dict[str, Gift], noon: datetime) -> None:
    content = made(noon, "test")

    assert content["states"] == {known["test"].status: 1}
    assert content["windows"]["7"]["renders"] == {"states": {"succeeded": 1}, "median_s": 7, "p95_s": 7}
    assert content["kept"] == {"film_bytes": 7_000, "upload_bytes": 0}


def test_what_is_kept_and_what_this_month_made(known: dict[str, Gift], account: Account, noon: datetime) -> None:
    build.ready_upload(account, noon)
    gone = build.ready_upload(account, noon)
    Upload.objects.filter(pk=gone.pk).update(status="expired")
    services.cancel_gift(known["sent"].pk, actor="tests", now=noon)

    content = made(noon)

    assert content["kept"] == {"film_bytes": 103, "upload_bytes": 1000}
    assert content["month"]["film_s"] == 150.0
    accepted = Message.objects.filter(
        livemode=True, accepted_at__isnull=False, created_at__gte=noon.replace(day=1, hour=0)
    )
    assert content["month"]["mails"] == accepted.count() > 0


def test_the_busiest_shops(known: dict[str, Gift], account: Account, other_account: Account, noon: datetime) -> None:
    assert made(noon)["shops"] == [
        {"id": str(account.pk), "made": 4, "sent": 2, "watched": 1},
        {"id": str(other_account.pk), "made": 1, "sent": 0, "watched": 0},
    ]


def test_what_expires_this_week(known: dict[str, Gift], noon: datetime) -> None:
    Gift.objects.filter(pk=known["sent"].pk).update(expires_at=noon + 3 * DAY)
    Gift.objects.filter(pk=known["thanked"].pk).update(expires_at=noon + 7 * DAY)
    Gift.objects.filter(pk=known["bounced"].pk).update(expires_at=noon - DAY)

    assert {day["day"]: day["gifts"] for day in made(noon)["expiring"]} == {
        **{f"2026-11-{day}": 0 for day in range(20, 27)},
        "2026-11-23": 1,
    }


def test_what_needs_somebody(known: dict[str, Gift], account: Account, noon: datetime) -> None:
    Message.objects.filter(gift=known["sent"], kind="gift").update(is_possible_double=True)
    Message.objects.filter(gift=known["bounced"], kind="gift").update(is_possible_double=True)  # 40 days ago
    for enabled, reason in ((False, "failing"), (False, "gone"), (False, "requested"), (True, "")):
        WebhookEndpoint.objects.create(
            id=uuid4(), account=account, livemode=True, url="https://hooks.example", types=[], enabled=enabled,
            disabled_reason=reason, secret="s", created_at=noon, updated_at=noon,
        )  # fmt: skip

    assert made(noon)["needs"] == {"doubles": 1, "webhooks": 2}


@pytest.mark.parametrize(
    ("seconds", "share", "point"),
    [
        ({}, 0.5, None),
        ({"3": 1}, 0.95, 3),
        ({"1": 1, "2": 1}, 0.5, 1),
        ({"9": 5, "10": 5, "100": 1}, 0.5, 10),
        ({"1": 95, "200": 5}, 0.95, 1),
        ({"1": 94, "200": 6}, 0.95, 200),
    ],
)
def test_the_point_within_which_a_share_lies(seconds: dict[str, int], share: float, point: int | None) -> None:
    assert share_point(seconds, share) == point
