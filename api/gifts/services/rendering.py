"""Having a gift's film made, and what its result means for the gift."""

from dataclasses import asdict
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from api import actors
from api.delivery.services import queue_message, withdraw_queued
from api.delivery.states import MessageKind
from api.exceptions import InvalidFieldError, InvalidStateError
from api.gifts import lifecycle
from api.gifts.models import Gift
from api.gifts.services.releasing import release_if_free
from api.gifts.states import EDGES, ENDED, GiftStatus
from api.media.states import UploadStatus
from api.rendering import services as renders
from api.rendering.models import Render
from api.rendering.services import Failure, VerifiedFilm

FILM_LIVES = timedelta(days=90)


def submit_gift(gift_id: UUID, *, actor: str, now: datetime) -> Gift:
    """Hand a draft in, queue its render and the sender's receipt; while it renders, asking again changes nothing.

    Renders, mails and their jobs are written with the state, so a crash after this returns loses nothing.
    """
    with transaction.atomic():
        gift = lifecycle.lock(gift_id)
        if gift.status == GiftStatus.RENDERING:
            return gift
        if gift.status != GiftStatus.DRAFT:
            raise InvalidStateError(lifecycle.refusal(gift.status, "was submitted before"))
        gift.submitted_at = now
        start_render(gift, actor=actor, now=now)
        queue_message(gift, MessageKind.RECEIPT, to_email=gift.sender_email, to_name=gift.sender_name, now=now)
        return lifecycle.save(gift, now=now)


def render_again(gift_id: UUID, *, actor: str, now: datetime) -> Gift:
    """A new film of the same content; while it renders, asking again changes nothing."""
    with transaction.atomic():
        gift = lifecycle.lock(gift_id)
        if gift.status == GiftStatus.RENDERING:
            return gift
        if gift.status == GiftStatus.DRAFT or GiftStatus.RENDERING not in EDGES[GiftStatus(gift.status)]:
            raise InvalidStateError(lifecycle.refusal(gift.status, "cannot be rendered again"))
        withdraw_queued(gift.pk)
        start_render(gift, actor=actor, now=now)
        return lifecycle.save(gift, now=now)


def start_render(gift: Gift, *, actor: str, now: datetime) -> None:
    """Queue a render and wait for it. The caller holds the lock and saves."""
    if gift.media.exclude(status=UploadStatus.READY).exists():
        raise InvalidFieldError("media", "not_ready", "An upload of this gift is not there any more.")
    renders.abandon_renders(gift.pk, now=now)
    gift.render = renders.queue_render(gift.pk, now=now)
    gift.failure = None
    gift.due_at = None
    lifecycle.move_to(gift, GiftStatus.RENDERING, actor=actor, now=now, data={"render": str(gift.render.pk)})


def apply_film(render: Render, verified: VerifiedFilm, *, now: datetime) -> None:
    """A verified film makes its gift ready. Late, double or unwanted ones change nothing.

    A film that comes for a gift that is over is removed.
    """
    with transaction.atomic():
        gift = lifecycle.lock(render.gift_id)
        if gift.status in ENDED:
            renders.abandon_renders(gift.pk, now=now)
            renders.queue_film_removal([render], now=now)
            return
        if not renders.record_film(render, verified, now=now):
            return
        if gift.film is None or gift.film.pk < render.pk:
            gift.film = render
        if gift.status == GiftStatus.RENDERING and gift.render_id == render.pk:
            gift.rendered_at = now
            gift.expires_at = now + FILM_LIVES
            gift.failure = None
            data = {"render": str(render.pk), "duration_s": render.duration_s}
            lifecycle.move_to(gift, GiftStatus.READY, actor=actors.RENDERER, now=now, data=data)
            queue_message(gift, MessageKind.VIDEO_READY, to_email=gift.sender_email, to_name=gift.sender_name, now=now)
            release_if_free(gift, actor=actors.SYSTEM, now=now)
        lifecycle.save(gift, now=now)


def apply_render_failure(render: Render, failure: Failure, *, now: datetime) -> None:
    """Try once more where that may help, else the gift has failed, with a reason a founder understands."""
    with transaction.atomic():
        gift = lifecycle.lock(render.gift_id)
        if not renders.record_failure(render, failure, now=now):
            return
        if gift.status != GiftStatus.RENDERING or gift.render_id != render.pk:
            return
        if renders.may_try_again(render, failure):
            gift.render = renders.queue_render(gift.pk, now=now, attempt=render.attempt + 1)
            data = {"render": str(gift.render.pk), "because": failure.code}
            lifecycle.record_event(gift, "render.retried", actor=actors.SYSTEM, now=now, data=data)
        else:
            gift.failure = asdict(failure)
            lifecycle.move_to(gift, GiftStatus.FAILED, actor=actors.RENDERER, now=now, data={"because": failure.code})
        lifecycle.save(gift, now=now)
