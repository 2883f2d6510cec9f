"""Small parts of the admin's pages: badges, times, sizes, folded data. Each is safe HTML, whatever it is made of."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.serializers.json import DjangoJSONEncoder
from django.utils.html import format_html
from django.utils.safestring import SafeString

# What a state looks like, whichever capability's it is; one that is not listed is plain.
TONES = {
    **dict.fromkeys(
        ["sent", "watched", "delivered", "accepted", "succeeded", "done", "published", "opened", "live"], "good"
    ),
    **dict.fromkeys(["rendering", "scheduled", "submitted", "sending", "queued", "pending", "waiting"], "info"),
    **dict.fromkeys(["ready", "unknown", "deferred", "complained", "unsubscribed", "expiring"], "warn"),
    **dict.fromkeys(["failed", "bounced", "refused", "dead", "dropped", "interrupted", "revoked"], "bad"),
}


def badge(value: str, *, explained: str = "", tone: str | None = None) -> SafeString:
    """The value itself, as the API and the timeline name it; `explained` shows when pointed at, and is read aloud."""
    looks = TONES.get(value, "") if tone is None else tone
    kind = f" gf-badge-{looks}" if looks else ""
    if not explained:
        return format_html('<span class="gf-badge{}">{}</span>', kind, value)
    return format_html(
        '<span class="gf-badge{}" title="{}">{}<span class="gf-visually-hidden">: {}</span></span>',
        kind, explained, value, explained,
    )  # fmt: skip


def when(at: datetime | None, *, zone: str = "", is_exact: bool = False) -> SafeString | str:
    """A time in UTC; pointed at, it says what clocks show there where the gift is at home (`zone`)."""
    if at is None:
        return ""
    text = f"{_day(at)}, {at.astimezone(UTC):{'%H:%M:%S' if is_exact else '%H:%M'}} UTC"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', at.isoformat(), in_zone(at, zone) or f"{at:%A}", text
    )


def in_zone(at: datetime, zone: str) -> str:
    """`Fri 25 Dec 2026, 08:00 in Australia/Sydney`; nothing where the zone is none."""
    try:
        local = at.astimezone(ZoneInfo(zone)) if zone else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        local = None
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M} in {zone.replace('_', ' ')}" if local else ""


def moment_words(at: datetime, zone: str = "") -> str:
    """For a sentence: in UTC, and where the gift is at home."""
    there = in_zone(at, zone)
    return f"{_day(at)}, {at.astimezone(UTC):%H:%M} UTC" + (f" ({there})" if there else "")


def span(length: timedelta) -> str:
    """`8 s`, `4 min`, `3 h`, `12 days`."""
    seconds = max(0, round(length.total_seconds()))
    for unit, name in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{seconds // unit} {name}"
    return f"{seconds} s"


def size(number: int | None) -> str:
    """`8.1 MB`, in steps of a thousand, as disks are sold."""
    if number is None:
        return ""
    amount, units = float(number), ["bytes", "kB", "MB", "GB", "TB"]
    while amount >= 1000 and len(units) > 1:
        amount, units = amount / 1000, units[1:]
    return f"{amount:.0f} {units[0]}" if units[0] == "bytes" or amount >= 100 else f"{amount:.1f} {units[0]}"


def folded(value: Any, *, name: str = "Data") -> SafeString | str:
    """JSON to be opened by whoever wants to see it; nothing where there is none."""
    if not value:
        return ""
    return format_html(
        '<details class="gf-fold"><summary>{}</summary><pre class="gf-mono" dir="auto">{}</pre></details>',
        name,
        as_text(value),
    )


def as_text(value: Any) -> str:
    """JSON for reading."""
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True, cls=DjangoJSONEncoder)


def _day(at: datetime) -> str:
    utc = at.astimezone(UTC)
    return f"{utc.day} {utc:%b %Y}"
