"""A gift's story in the words of its page: who did what, which mails, videos, files and jobs there were."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.html import format_html

from accounts.models import ApiKey, User
from api.audit.models import AuditEntry
from api.audit.wording import in_short, what
from api.delivery.models import Message
from api.gifts.models import GiftEvent, GiftMedia
from api.gifts.situation import Situation
from api.gifts.wording import actor_words, event_tone, event_words
from api.media.models import Upload
from api.outbox.models import Job, JobState
from api.outbox.wording import job_words
from api.rendering.failures import failure_words
from api.rendering.models import Render
from api.webhooks.models import WebhookDelivery
from giftflick.admin_films import Picture, picture_of
from giftflick.admin_links import page_of
from giftflick.admin_parts import as_text, badge, moment_words, size, span, when

Html = str  # safe HTML, or plain text that the template escapes


@dataclass(frozen=True)
class Happening:
    """One thing of the timeline."""

    at: Html
    words: str
    who: str
    tone: str
    data: Html


@dataclass(frozen=True)
class Line:
    """One mail, video, job or the like: what it is, how it stands, and what else there is to say."""

    title: str
    link: str
    state: Html
    at: Html
    facts: Sequence[tuple[str, Html]] = ()
    trouble: str = ""
    more: Sequence[Html] = ()
    preview: str = ""


@dataclass(frozen=True)
class Names:
    """Of those who did something, as far as we know them."""

    keys: Mapping[str, str]
    people: Mapping[str, str]

    def of(self, actor: str) -> str:
        return actor_words(actor, keys=self.keys, people=self.people)


def names_of(actors: Iterable[str]) -> Names:
    """In two queries at most, whoever there is."""
    named = {kind: set[str]() for kind in ("api_key", "staff")}
    for actor in actors:
        kind, _, name = actor.partition(":")
        if kind in named and name:
            named[kind].add(name)
    keys = ApiKey.objects.filter(pk__in=named["api_key"]).values_list("pk", "name") if named["api_key"] else ()
    people = User.objects.filter(username__in=named["staff"]) if named["staff"] else ()
    return Names(dict(keys), {user.get_username(): user.get_full_name() for user in people})


def timeline(events: Iterable[GiftEvent], names: Names, *, zone: str) -> list[Happening]:
    return [
        Happening(
            at=when(event.at, zone=zone, is_exact=True),
            words=event_words(event.type, event.data),
            who=names.of(event.actor),
            tone=event_tone(event.type),
            data=as_text({"event": event.type, **event.data}),
        )
        for event in events
    ]


def mails(situation: Situation) -> list[Line]:
    return [_mail(message) for message in situation.messages]


def _mail(message: Message) -> Line:
    label = message.get_kind_display()
    facts: list[tuple[str, Html]] = [("to", message.to_email or "erased")]
    if message.attempts != 1:
        facts.append(("tries", str(message.attempts)))
    events = [
        f"{event.get_type_display()}, {moment_words(event.at)}"
        for event in sorted(message.events.all(), key=lambda event: event.at)
    ]
    trouble = str((message.failure or {}).get("detail", ""))
    if message.is_possible_double:
        trouble = f"{trouble} Possibly arrived twice: SendGrid's word on the first try never came.".strip()
    return Line(
        title=label[:1].upper() + label[1:],
        link=page_of(message),
        state=badge(message.status, explained=message.get_status_display()),
        at=when(message.created_at),
        facts=facts,
        trouble=trouble,
        more=events,
        preview=reverse("admin:mail_preview", args=[message.pk]),
    )


def videos(situation: Situation) -> list[Line]:
    return [_video(render, situation) for render in situation.renders]


def _video(render: Render, situation: Situation) -> Line:
    facts: list[tuple[str, Html]] = [("renderer's id", render.provider_id or "none yet")]
    if took := seconds_taken(render):
        facts.append(("took", took))
    if render.attempt > 1:
        facts.append(("try", str(render.attempt)))
    if render.duration_s is not None:
        facts.append(("video", f"{render.duration_s:.1f} s, {render.width}x{render.height}, {size(render.size_bytes)}"))
    failure = render.failure or {}
    is_film = render.pk == situation.gift.film_id
    return Line(
        title="The gift's video" if is_film else "Try at the video",
        link=page_of(render),
        state=badge(render.status, explained=render.get_status_display()),
        at=when(render.created_at),
        facts=facts,
        trouble=f"{failure_words(str(failure.get('code', '')))} {failure.get('detail', '')}".strip(),
    )


def seconds_taken(render: Render) -> str:
    """From when the renderer had it until it ended; empty before that."""
    if render.finished_at is None:
        return ""
    return span(render.finished_at - (render.submitted_at or render.created_at))


def files(media: Iterable[GiftMedia]) -> list[tuple[Line, Picture]]:
    return [(_file(place.upload), picture_of(place.upload)) for place in media]


def _file(upload: Upload) -> Line:
    length = [("plays", f"{upload.duration_s:.1f} s")] if upload.duration_s else []
    return Line(
        title=upload.filename or "file",
        link=page_of(upload),
        state=badge(
            upload.status,
            explained=upload.get_status_display(),
            tone="good" if upload.status == "ready" else None,
        ),
        at=when(upload.created_at),
        facts=[("type", upload.content_type), ("size", size(upload.size)), *length],
        trouble=str((upload.failure or {}).get("detail", "")),
    )


def jobs(situation: Situation) -> list[Line]:
    return [job_line(job, now=situation.now) for job in situation.jobs]


def job_line(job: Job, *, now: datetime) -> Line:
    words = job_words(job.kind)
    return Line(
        title=words[:1].upper() + words[1:],
        link=page_of(job),
        state=badge(job.state, explained=job.get_state_display()),
        at=_job_moment(job, now=now),
        facts=[("tries", str(job.attempts))] if job.attempts > 1 else (),
        trouble=job.last_error,
    )


def _job_moment(job: Job, *, now: datetime) -> Html:
    if job.state != JobState.WAITING:
        return when(job.finished_at or job.run_at)
    if job.lease_until is not None and job.lease_until > now:
        return "being done now"
    return format_html("due {}", when(job.run_at)) if job.run_at > now else "due now, within a minute"


def told(deliveries: Iterable[WebhookDelivery]) -> list[Line]:
    return [
        Line(
            title=delivery.type,
            link=page_of(delivery),
            state=badge(delivery.status, explained=delivery.get_status_display()),
            at=when(delivery.created_at),
            facts=[("to", delivery.endpoint.url), ("tries", str(delivery.tries))],
        )
        for delivery in deliveries
    ]


def audited(entries: Iterable[AuditEntry], names: Names) -> list[Line]:
    return [
        Line(
            title=f"{what(entry.action)[:1].upper()}{what(entry.action)[1:]}",
            link=page_of(entry),
            state=names.of(entry.actor),
            at=when(entry.at),
            facts=[("by", entry.get_door_display())],
            trouble=entry.why,
            more=[in_short(entry)] if entry.changes else (),
        )
        for entry in entries
    ]
