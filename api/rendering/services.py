"""Renders from order to verified film: rows here, calls to the renderer and the bucket in `examine` only."""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from uuid6 import uuid7

from api.exceptions import BackendError
from api.media import bucket
from api.media.mp4 import Film, read_film
from api.outbox.registry import Postpone
from api.outbox.services import enqueue
from api.rendering.backends import get_backend
from api.rendering.backends.base import Progress
from api.rendering.models import Render, RenderCallback
from api.rendering.selectors import OVERDUE_AFTER
from api.rendering.states import OPEN, RenderStatus
from api.tokens import new_token
from giftflick import metrics

# The renderer calls back; this is for when it does not.
POLL_AFTER = timedelta(seconds=60)
POLL_EVERY = timedelta(seconds=30)
# A submission whose answer was lost may be rendering already: its callback is waited for before the next try.
LOST_ANSWER_WAIT = timedelta(minutes=2)
MAX_ATTEMPTS = 2
MAX_CALLBACKS = 50
QUERY = re.compile(r"\?\S+")


@dataclass(frozen=True)
class Failure:
    """Why there is no film, in words for a founder."""

    code: str
    detail: str
    retryable: bool


@dataclass(frozen=True)
class VerifiedFilm:
    """What the file in the bucket itself says."""

    film: Film
    size_bytes: int
    has_poster: bool


UNREACHABLE = Failure("renderer_unreachable", "The rendering service could not be reached for an hour.", retryable=True)
OVERDUE = Failure("render_timed_out", "The rendering service did not deliver the video within an hour.", retryable=True)


def queue_render(gift_id: UUID, *, now: datetime, attempt: int = 1) -> Render:
    """A render and its job, in the caller's transaction."""
    render_id = uuid7()
    render = Render.objects.create(
        id=render_id,
        gift_id=gift_id,
        attempt=attempt,
        secret=new_token(),
        key=f"renders/{render_id}.mp4",
        poster_key=f"renders/{render_id}-poster.jpg",
        created_at=now,
    )
    enqueue("render.submit", render.id, now=now)
    return render


def begin_submission(render_id: UUID, *, now: datetime) -> Render | None:
    """Note that the call is about to be made; None if there is nothing to submit any more.

    An earlier call whose answer was lost was heard if a callback came. Raises Postpone while one may still come.
    """
    with transaction.atomic():
        render = Render.objects.select_for_update(no_key=True).get(pk=render_id)
        if render.status != RenderStatus.QUEUED:
            return None
        if told := next(iter(_provider_renders(render)), None):
            record_submission(render_id, told, now=now)
            return None
        if render.submit_started_at and now < render.submit_started_at + LOST_ANSWER_WAIT:
            raise Postpone(render.submit_started_at + LOST_ANSWER_WAIT)
        render.submit_started_at = now
        render.save(update_fields=["submit_started_at"])
        return render


def record_submission(render_id: UUID, provider_id: str, *, now: datetime) -> None:
    """The renderer has it: look after it in a minute, should no callback come.

    A row that is updated twice in a transaction has its foreign key checked again, which waits for the gift's lock.
    """
    with transaction.atomic():
        if not Render.objects.filter(pk=render_id, status=RenderStatus.QUEUED).update(
            provider_id=provider_id, status=RenderStatus.SUBMITTED, submitted_at=now
        ):
            Render.objects.filter(pk=render_id).update(provider_id=provider_id)
        enqueue("render.poll", render_id, now=now, run_at=now + POLL_AFTER)


def record_refused_submission(render_id: UUID) -> None:
    """The call certainly was not accepted: the next try need not wait for a callback."""
    Render.objects.filter(pk=render_id).update(submit_started_at=None)


def record_callback(render: Render, payload: dict[str, Any], *, now: datetime) -> None:
    """Keep what the renderer sent, as it came, and have it checked; a flood of callbacks is not kept."""
    with transaction.atomic():
        if render.callbacks.count() >= MAX_CALLBACKS:
            return
        callback = RenderCallback.objects.create(render=render, payload=_without_queries(payload), received_at=now)
        enqueue("render.check", render.id, now=now, dedupe_key=f"render.check:{render.id}:{callback.pk}")


def _without_queries(value: Any) -> Any:
    """Errors quote the addresses of media; their signatures are not for keeping."""
    match value:
        case str():
            return QUERY.sub("", value)
        case dict():
            return {name: _without_queries(inner) for name, inner in value.items()}
        case list():
            return [_without_queries(inner) for inner in value]
    return value


def examine(render: Render, *, livemode: bool) -> VerifiedFilm | Failure | None:
    """Ask the renderer and look into the bucket; None while it is still at work.

    Callbacks are not believed: they only tell which of the provider's renders to ask for. Any of them may have made
    the film. Raises BackendError when the renderer or the bucket is away.
    """
    failure: Failure | None = None
    for provider_id, copy_error in _provider_renders(render).items():
        try:
            report = get_backend().report(provider_id, livemode=livemode)
        except BackendError as error:
            if error.retryable:
                raise
            continue  # an id that the renderer does not know: a lost or forged one
        if report.progress is Progress.DONE:
            found = _look_at_film(render)
            if found is not None:
                return found
            if copy_error:
                failure = Failure(
                    "upload_failed", f"The video was made but could not be stored: {copy_error}", retryable=True
                )
        elif report.progress is Progress.FAILED:
            failure = Failure(
                "render_failed", f"The rendering service could not make the video: {report.error}", retryable=True
            )
    return failure


def _provider_renders(render: Render) -> dict[str, str]:
    """Each provider id we know for a render, with the error of its copy to the bucket, if one was reported."""
    known = {render.provider_id: ""} if render.provider_id else {}
    for callback in render.callbacks.order_by("-pk")[:MAX_CALLBACKS]:
        notice = get_backend().parse_notice(callback.payload)
        if notice is None:
            continue
        error = notice.error or "no reason given" if notice.is_copy and notice.progress is Progress.FAILED else ""
        known[notice.provider_id] = known.get(notice.provider_id) or error
    return known


def _look_at_film(render: Render) -> VerifiedFilm | Failure | None:
    stored = bucket.look_at(render.key)
    if stored is None:
        return None
    try:
        film = read_film(render.key, stored.size)
    except ValueError as error:
        return Failure(
            "film_invalid", f"The rendering service stored a video that cannot be played: {error}", retryable=True
        )
    return VerifiedFilm(film=film, size_bytes=stored.size, has_poster=bucket.look_at(render.poster_key) is not None)


def record_film(render: Render, verified: VerifiedFilm, *, now: datetime) -> bool:
    """False if the render had ended before; within the caller's transaction."""
    changes = {
        "status": RenderStatus.SUCCEEDED,
        "size_bytes": verified.size_bytes,
        "duration_s": verified.film.duration_s,
        "width": verified.film.width,
        "height": verified.film.height,
        "poster_key": render.poster_key if verified.has_poster else "",
        "finished_at": now,
    }
    is_ended = _end(render, changes)
    if is_ended:
        transaction.on_commit(partial(metrics.put, RendersDone=1))
    return is_ended


def record_failure(render: Render, failure: Failure, *, now: datetime) -> bool:
    """False if the render had ended before; within the caller's transaction."""
    is_ended = _end(render, {"status": RenderStatus.FAILED, "failure": asdict(failure), "finished_at": now})
    if is_ended:
        transaction.on_commit(partial(metrics.put, RendersFailed=1))
    return is_ended


def may_try_again(render: Render, failure: Failure) -> bool:
    """By itself: once, and not after an hour in which the renderer was tried or waited for all the time."""
    return failure.retryable and failure not in (UNREACHABLE, OVERDUE) and render.attempt < MAX_ATTEMPTS


def time_out(render: Render) -> Failure:
    """Why a render that is overdue has no film."""
    return UNREACHABLE if render.status == RenderStatus.QUEUED else OVERDUE


def queue_last_look(render: Render, *, now: datetime) -> None:
    """Look for the film of an overdue render once more, then fail it: whoever should have looked may have been away."""
    enqueue("render.poll", render.id, now=now, dedupe_key=f"render.overdue:{render.id}")


def is_overdue(render: Render, *, now: datetime) -> bool:
    return now >= render.created_at + OVERDUE_AFTER


def abandon_renders(gift_id: UUID, *, now: datetime) -> None:
    """The gift no longer wants what is being made for it; within the caller's transaction."""
    Render.objects.filter(gift_id=gift_id, status__in=OPEN).update(status=RenderStatus.ABANDONED, finished_at=now)


def forget_words(gift_id: UUID) -> None:
    """Blank what the renderer said of a gift's renders, which may quote it; within the caller's transaction."""
    Render.objects.filter(gift_id=gift_id).update(failure=None)
    RenderCallback.objects.filter(render__gift_id=gift_id).delete()


def queue_film_removal(renders: Iterable[Render], *, now: datetime) -> None:
    """Have the films and posters deleted, in the caller's transaction.

    Now, and once more when no late one can come: a render is ordered within an hour and made within another.
    """
    for render in renders:
        is_recent = now < render.created_at + 2 * OVERDUE_AFTER
        for run_at in (now, now + OVERDUE_AFTER) if is_recent else (now,):
            dedupe_key = f"film.delete:{render.id}:{run_at.timestamp()}"
            enqueue("film.delete", render.id, now=now, run_at=run_at, dedupe_key=dedupe_key)


def delete_film(render: Render) -> None:
    """Take a film and its poster out of the bucket; deleting what is not there is fine."""
    bucket.delete(render.key, f"renders/{render.id}-poster.jpg")


def _end(render: Render, changes: dict[str, Any]) -> bool:
    ended = Render.objects.filter(pk=render.pk, status__in=OPEN).update(**changes)
    if ended:
        for name, value in changes.items():
            setattr(render, name, value)
    return ended == 1
