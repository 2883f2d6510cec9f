"""The figures as the first page shows them: each number in words, with the list behind it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from api.delivery.states import MessageStatus
from api.gifts.states import GiftStatus
from api.outbox.selectors import COUNTED_TO
from api.rendering.states import RenderStatus
from api.today.contents import SHOPS_OF_DAYS, STEPS
from api.today.counting import LIVE
from api.today.links import Links
from api.today.prices import GB, MAIL, RENDERED_MINUTE, STORED_GB_MONTH
from api.today.selectors import Queue
from giftflick.admin_parts import size, span

Json = Mapping[str, Any]

NOTHING = "-"

# Along a gift's life, the good end of it at the bottom of a bar.
STATES = (
    GiftStatus.WATCHED, GiftStatus.SENT, GiftStatus.SCHEDULED, GiftStatus.READY, GiftStatus.RENDERING,
    GiftStatus.DRAFT, GiftStatus.BOUNCED, GiftStatus.FAILED, GiftStatus.EXPIRED, GiftStatus.CANCELED,
)  # fmt: skip
MAIL_STATES = {
    MessageStatus.DELIVERED: "the recipient's server has it",
    MessageStatus.ACCEPTED: "SendGrid has it and has not said more",
    MessageStatus.BOUNCED: "not deliverable",
    MessageStatus.REFUSED: "SendGrid would not take it",
    MessageStatus.UNKNOWN: "perhaps accepted: its answer was lost",
    MessageStatus.QUEUED: "to be sent",
    MessageStatus.SENDING: "on its way to SendGrid",
    MessageStatus.RECORDED: "a test gift's: kept, never sent",
    MessageStatus.WITHDRAWN: "called back before it was sent",
}
DECIDED_MAILS = (MessageStatus.DELIVERED, MessageStatus.BOUNCED, MessageStatus.REFUSED)
LOST_MAILS = (MessageStatus.BOUNCED, MessageStatus.REFUSED)
STEP_WORDS = {
    "created": "made by a shop",
    "rendered": "had a film at least once",
    "sent": "were mailed to the recipient, or their link given to the sender",
    "watched": "were watched to a quarter at least",
    "thanked": "were answered with thanks",
}


@dataclass(frozen=True)
class Number:
    """`share` fills a bar, from 0 to 100; `url` is the list behind the number, empty where nobody may see it."""

    label: str
    value: str
    url: str = ""
    hint: str = ""
    share: float | None = None
    tone: str = ""


@dataclass(frozen=True)
class Bar:
    """A day in a chart; its parts from the bottom up, in percent of the highest day."""

    day: date
    url: str
    total: int
    parts: list[tuple[str, int, float, str]] = field(default_factory=list)

    @property
    def words(self) -> str:
        told = ", ".join(f"{number} {name}" for name, number, _, _ in self.parts)
        return f"{self.day:%-d %B}: {self.total:,} gifts" + (f": {told}" if told else "")


def needs(content: Json, queue: Queue, links: Links, may: Collection[str]) -> list[Number]:
    """What waits for somebody of the team, if anything does."""
    states, others = content["states"], content["needs"]
    asked = [
        ("view_job", queue.dead, "dead job", "given up after every try; what they were to do is not done",
         links.jobs("dead")),
        ("view_gift", states.get(GiftStatus.BOUNCED, 0), "bounced gift",
         "their address does not work and nobody has corrected it", links.gifts_in(GiftStatus.BOUNCED)),
        ("view_gift", states.get(GiftStatus.FAILED, 0), "gift without a film",
         "their render failed for good; try it again or ask the shop", links.gifts_in(GiftStatus.FAILED)),
        ("view_message", others["doubles"], "possible double",
         "mails of the last 30 days that may have reached somebody twice", links.possible_doubles()),
        ("view_webhookendpoint", others["webhooks"], "webhook switched off",
         "they failed for days or are gone; the shop hears nothing", links.webhooks_switched_off()),
    ]  # fmt: skip
    return [
        Number(label if number == 1 else _several(label), f"{number:,}", url, hint, tone="bad")
        for permission, number, label, hint, url in asked
        if number and permission in may
    ]


def headlines(content: Json, queue: Queue, links: Links, days: int, may: Collection[str]) -> list[Number]:
    """The handful that tells whether the day goes well."""
    today = content["days"][-1]
    counts = content["windows"][str(days)]["gifts"]
    watched = _rate(_percent(counts["watched"], counts["sent"]))
    rate, *_ = renders(content, links, days)
    delivered, _ = mails(content, links, days)
    age, *_ = jobs(queue, links)
    shown = [
        ("view_gift", Number("Made today", f"{sum(today['states'].values()):,}",
                             links.gifts_of_day(date.fromisoformat(today["day"])), "gifts since midnight UTC")),
        ("view_gift", Number("Watched", watched, links.gifts_at("watched", days), "of those that were sent")),
        ("view_render", Number("Films made", rate.value, rate.url, "of renders that ended", tone=rate.tone)),
        ("view_message", Number("Mails delivered", delivered.value, delivered.url, "of those whose end is known")),
        ("view_job", Number("Queue age", age.value, age.url, "of the oldest due job, now", tone=age.tone)),
    ]  # fmt: skip
    return [number for permission, number in shown if permission in may]


def states_now(content: Json, links: Links) -> list[Number]:
    counts = content["states"]
    most = max(counts.values(), default=0)
    return [
        Number(
            state.value, f"{counts.get(state, 0):,}", links.gifts_in(state), str(state.label),
            share=_percent(counts.get(state, 0), most), tone=f"state-{state.value}",
        )
        for state in GiftStatus
    ]  # fmt: skip


def chart(content: Json, links: Links) -> tuple[list[Bar], int]:
    """The days, and how many gifts the top of the chart stands for."""
    top = _round_up(max((sum(day["states"].values()) for day in content["days"]), default=0))
    bars = []
    for told in content["days"]:
        day, counts = date.fromisoformat(told["day"]), told["states"]
        parts = [
            (state.value, counts[state], 100 * counts[state] / top, links.gifts_of_day(day, state))
            for state in STATES
            if counts.get(state)
        ]
        bars.append(Bar(day, links.gifts_of_day(day), sum(counts.values()), parts))
    return bars, top


def shown_states(bars: Sequence[Bar]) -> list[str]:
    present = {name for bar in bars for name, *_ in bar.parts}
    return [state.value for state in STATES if state in present]


def funnel(content: Json, links: Links, days: int) -> list[Number]:
    counts = content["windows"][str(days)]["gifts"]
    created = counts["created"]
    return [
        Number(step, f"{counts[step]:,}", links.gifts_at(step, days), STEP_WORDS[step], _percent(counts[step], created))
        for step in ("created", *STEPS)
    ]


def renders(content: Json, links: Links, days: int) -> list[Number]:
    told = content["windows"][str(days)]["renders"]
    succeeded, failed = (told["states"].get(state, 0) for state in (RenderStatus.SUCCEEDED, RenderStatus.FAILED))
    done = links.renders(RenderStatus.SUCCEEDED, days)
    rate = _percent(succeeded, succeeded + failed)
    return [
        Number("made a film", _rate(rate), links.renders(RenderStatus.FAILED, days),
               f"of {succeeded + failed:,} renders that came to an end; {failed:,} failed", rate,
               "" if rate is None or rate >= 95 else "bad"),
        Number("median", _seconds(told["median_s"]), done, "from the order to the verified film"),
        Number("95 of 100 within", _seconds(told["p95_s"]), done, "the rest took longer"),
    ]  # fmt: skip


def mails(content: Json, links: Links, days: int) -> tuple[Number, list[Number]]:
    """The share that was delivered, and each outcome."""
    counts = content["windows"][str(days)]["mails"]
    total, decided = sum(counts.values()), sum(counts.get(state, 0) for state in DECIDED_MAILS)
    rate = _percent(counts.get(MessageStatus.DELIVERED, 0), decided)
    outcomes = [
        Number(state.value, f"{counts.get(state, 0):,}", links.mails(state, days), words,
               _percent(counts.get(state, 0), total),
               "bad" if counts.get(state) and state in LOST_MAILS else "")
        for state, words in MAIL_STATES.items()
        if state in counts or state in list(MAIL_STATES)[:5]
    ]  # fmt: skip
    hint = f"of {decided:,} mails whose end is known"
    delivered = Number("delivered", _rate(rate), links.mails(MessageStatus.DELIVERED, days), hint, rate)
    return delivered, outcomes


def jobs(queue: Queue, links: Links) -> list[Number]:
    return [
        Number("queue age", span(queue.age), links.jobs("waiting"), "how long the oldest due job has waited",
               tone="bad" if queue.age > timedelta(minutes=5) else ""),
        Number("waiting", _count(queue.waiting), links.jobs("waiting"), "to be done now or later"),
        Number("dead", _count(queue.dead), links.jobs("dead"), "given up", tone="bad" if queue.dead else ""),
    ]  # fmt: skip


def expiring(content: Json, links: Links) -> list[Number]:
    most = max((day["gifts"] for day in content["expiring"]), default=0)
    days = [(date.fromisoformat(day["day"]), day["gifts"]) for day in content["expiring"]]
    return [
        Number(f"{day:%a %-d %b}", f"{number:,}", links.gifts_expiring(day), share=_percent(number, most))
        for day, number in days
    ]


def kept(content: Json, links: Links) -> list[Number]:
    bytes_of = content["kept"]
    return [
        Number("films", size(bytes_of["film_bytes"]), links.gifts_alive(), "of gifts that have not ended"),
        Number("uploads", size(bytes_of["upload_bytes"]), links.uploads_kept(), "complete and still kept"),
    ]


def cost(content: Json, links: Links, mode: str, today: date) -> list[Number]:
    """What grows with the gifts; a test key's renders and mails cost nothing. The last is the sum."""
    month, stored = content["month"], sum(content["kept"].values()) / GB
    is_live = mode == LIVE
    minutes, taken = (month["film_s"] / 60, month["mails"]) if is_live else (0, 0)
    parts = [
        (
            f"{_amount(minutes)} rendered minutes",
            minutes * RENDERED_MINUTE,
            links.renders(RenderStatus.SUCCEEDED, today.day),
        ),
        (f"{taken:,} mails", taken * MAIL, links.mails_accepted(today.day)),
        (f"{_amount(stored)} GB kept for a month", stored * STORED_GB_MONTH, links.uploads_kept()),
    ]
    return [
        *(Number(label, f"${amount:,.2f}", url) for label, amount, url in parts),
        Number("together", f"${sum(amount for _, amount, _ in parts):,.2f}"),
    ]


def shops(content: Json, names: Mapping[str, str], links: Links) -> list[tuple[str, str, str, str, str]]:
    """Name, list, gifts, sent, and the share of the sent ones that were watched."""
    return [
        (names.get(shop["id"], "A shop that is gone"), links.gifts_of_shop(shop["id"], SHOPS_OF_DAYS),
         f"{shop['made']:,}", f"{shop['sent']:,}", _rate(_percent(shop["watched"], shop["sent"])))
        for shop in content["shops"]
    ]  # fmt: skip


def _several(label: str) -> str:
    noun = next(noun for noun in ("job", "gift", "double", "webhook") if noun in label)
    return label.replace(noun, f"{noun}s")


def _amount(number: float) -> str:
    """A small one with a decimal, so that half a minute does not look like nothing."""
    if 0 < number < 0.1:
        return "under 0.1"
    return f"{number:.1f}" if 0 < number < 9.95 else f"{number:,.0f}"


def _percent(part: float, whole: float) -> float | None:
    """None of nothing."""
    return round(100 * part / whole, 1) if whole else None


def _rate(percent: float | None) -> str:
    return NOTHING if percent is None else f"{percent:g} %"


def _seconds(seconds: int | None) -> str:
    return NOTHING if seconds is None else span(timedelta(seconds=seconds))


def _count(number: int) -> str:
    return f"{number:,}" if number < COUNTED_TO else f"{COUNTED_TO:,} or more"


def _round_up(number: int) -> int:
    """To one, two or five and noughts, so that a chart's top reads well; at least 4."""
    magnitude = 1
    while True:
        for leading in (1, 2, 4, 5, 8):
            if leading * magnitude >= max(number, 4):
                return leading * magnitude
        magnitude *= 10
