"""The gifts' jobs: each makes its calls to the outside between two transactions."""

from contextlib import suppress
from datetime import datetime
from uuid import UUID

from api.batches import services as batches
from api.delivery import services as delivery
from api.delivery.outcomes import NotAccepted, Unknown
from api.delivery.resolution import PATIENCE
from api.exceptions import BackendError, InvalidStateError, NotFoundError
from api.gifts import services
from api.gifts.film import render_order
from api.media import services as media
from api.media.models import Upload
from api.outbox.registry import Postpone, handles
from api.rendering import services as renders
from api.rendering.backends import get_backend
from api.rendering.models import Render
from api.rendering.services import Failure, VerifiedFilm
from api.rendering.states import OPEN, RenderStatus
from giftflick import metrics


@handles("render.submit")
def submit_render(ref_id: UUID, *, now: datetime) -> None:
    """Hand a render to the renderer: an answer that is lost is waited for as a callback before it is tried again."""
    render = renders.begin_submission(ref_id, now=now)
    if render is None:
        return
    try:
        provider_id = get_backend().submit(render_order(render))
    except BackendError as error:
        if not error.outcome_unknown:
            renders.record_refused_submission(render.pk)
        if not error.retryable:
            services.apply_render_failure(render, Failure(error.code, error.detail, retryable=False), now=now)
            return
        if renders.is_overdue(render, now=now):
            services.apply_render_failure(render, renders.time_out(render), now=now)
            return
        metrics.put(RendersFailed=1)  # not for good yet, but whoever watches shall not learn of it after an hour
        raise
    renders.record_submission(render.pk, provider_id, now=now)


@handles("render.check")
def check_render(ref_id: UUID, *, now: datetime) -> None:
    """Look once whether the film is there, because a callback said so."""
    _look_after(ref_id, now=now)


@handles("render.poll")
def poll_render(ref_id: UUID, *, now: datetime) -> None:
    """Look again and again, in case no callback comes, until the hour is over."""
    try:
        render = _look_after(ref_id, now=now)
    except BackendError:
        render = Render.objects.get(pk=ref_id)
    if render.status not in OPEN:
        return
    if renders.is_overdue(render, now=now):
        services.apply_render_failure(render, renders.time_out(render), now=now)
    else:
        raise Postpone(now + renders.POLL_EVERY)


def _look_after(render_id: UUID, *, now: datetime) -> Render:
    """An abandoned render is looked after too: if its film comes after all, it is removed."""
    render = Render.objects.select_related("gift").get(pk=render_id)
    if render.status in OPEN or render.status == RenderStatus.ABANDONED:
        match renders.examine(render, livemode=render.gift.livemode):
            case VerifiedFilm() as verified:
                services.apply_film(render, verified, now=now)
            case Failure() as failure:
                services.apply_render_failure(render, failure, now=now)
    return render


@handles("gift.forget_items")
def forget_items(ref_id: UUID, *, now: datetime) -> None:  # noqa: ARG001
    batches.forget_row(str(ref_id))


@handles("film.delete")
def delete_film(ref_id: UUID, *, now: datetime) -> None:  # noqa: ARG001
    renders.delete_film(Render.objects.get(pk=ref_id))


@handles("upload.delete")
def delete_upload(ref_id: UUID, *, now: datetime) -> None:
    """An upload that is in use, or gone already, is left alone."""
    upload = Upload.objects.filter(pk=ref_id).first()
    if upload is not None:
        with suppress(InvalidStateError, NotFoundError):
            media.delete_upload(upload, now=now)


def _mail_given_up(ref_id: UUID, reason: str, *, now: datetime) -> None:  # noqa: ARG001
    services.give_up_mail(ref_id, now=now)


@handles("mail.send", on_dead=_mail_given_up)
def send_mail(ref_id: UUID, *, now: datetime) -> None:
    """Intent, call, outcome. Killed in between, the next run finds the intent and waits for the mail service's word."""
    message = delivery.begin_sending(ref_id, now=now)
    if message is None:
        return
    outcome = delivery.send(message, now=now)
    services.apply_outcome(message, outcome, now=now)
    match outcome:
        case NotAccepted(error):
            raise error
        case Unknown():
            raise Postpone(now + PATIENCE)


@handles("mail.events")
def apply_mail_events(ref_id: UUID, *, now: datetime) -> None:
    services.apply_mail_events(ref_id, now=now)
