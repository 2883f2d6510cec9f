"""Trying once more whatever of a gift is stuck: the jobs, the mails, the video, the delivery."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from api.audit.doors import acting
from api.audit.services import record
from api.delivery.models import Message
from api.delivery.resolution import Wait, resolve
from api.delivery.selectors import feed_is_past
from api.gifts import lifecycle
from api.gifts.services.editing import update_gift
from api.gifts.services.releasing import deliver_if_due
from api.gifts.services.rendering import render_again
from api.gifts.situation import Situation, Stuck, Trouble, look_at
from api.outbox.models import Job
from api.outbox.services import bring_forward, enqueue, revive
from api.outbox.wording import job_words
from api.rendering.models import Render
from api.rendering.states import RenderStatus


def retry_step(gift_id: UUID, *, actor: str, now: datetime) -> list[str]:
    """Do what sets a stuck gift going again; what was done, in words: nothing if nothing is stuck.

    A job or mail that is being dealt with at this moment is left alone, so that pressing twice does nothing twice.
    """
    with transaction.atomic():
        gift = lifecycle.lock(gift_id)
        situation = look_at(gift, now=now)
        done = [_repair(situation, stuck, actor=actor, now=now) for stuck in situation.stuck]
        if done:
            steps = enumerate(zip(situation.stuck, done, strict=True), start=1)
            changes = {f"step {number}": [stuck.trouble.value, words] for number, (stuck, words) in steps}
            record("gift.retried", actor=actor, subject=gift, account_id=gift.account_id, changes=changes, now=now)
        return done


def _repair(situation: Situation, stuck: Stuck, *, actor: str, now: datetime) -> str:
    gift_id = situation.gift.pk
    match stuck.trouble, stuck.row:
        case Trouble.JOB_DEAD, Job() as job:
            with acting(why=""):  # the gift's own entry has the reason, and is blanked with the gift
                revive([job.pk], now=now)
            return f"The job to {job_words(job.kind)} has all its tries again and runs now."
        case Trouble.JOB_PUT_OFF, Job() as job:
            bring_forward([job.pk], now=now)
            return f"The job to {job_words(job.kind)} runs now instead of later."
        case Trouble.MAIL_UNKNOWN, Message() as mail:
            return _ask_again(situation, mail, now=now)
        case Trouble.MAIL_FORGOTTEN, Message() as mail:
            _start("mail.send", mail.pk, now=now)
            return f"A new job sends the mail ({mail.get_kind_display()})."
        case Trouble.MAIL_REFUSED, _:
            update_gift(gift_id, {"recipient": {}}, actor=actor, now=now, may_lift_gates=True)
            return "A new mail with the gift goes out at its hour, or at once if that has passed."
        case Trouble.RENDER_FAILED, _:
            render_again(gift_id, actor=actor, now=now)
            return "The video is made anew."
        case Trouble.RENDER_OVERDUE, Render() as render:
            _start("render.poll", render.pk, now=now)
            return "The renderer is asked once more; if it has no video by now, this try counts as failed."
        case Trouble.RENDER_FORGOTTEN, Render() as render:
            is_queued = render.status == RenderStatus.QUEUED
            _start("render.submit" if is_queued else "render.poll", render.pk, now=now)
            return "The video is handed to the renderer." if is_queued else "The renderer is asked for the video."
        case Trouble.DELIVERY_OVERDUE, _:
            deliver_if_due(gift_id, now=now)
            return "The gift's hour has passed: it is sent now, as far as the shop's mails for today allow."
    raise AssertionError(f"nothing repairs {stuck.trouble}")


def _ask_again(situation: Situation, mail: Message, *, now: datetime) -> str:
    """A mail that was perhaps accepted is not sent again on a whim: its job knows how long to wait for SendGrid."""
    bring_forward([job.pk for job in situation.jobs if job.ref_id == mail.pk and job.kind == "mail.send"], now=now)
    started_at = mail.sending_started_at or now
    decision = resolve(started_at=started_at, feed_is_past=feed_is_past(mail), now=now)
    if isinstance(decision, Wait):
        return (
            "SendGrid may have taken the mail and has not said so yet: that was looked at again. To avoid a second "
            f"mail, it is sent anew only if SendGrid stays silent, and looked at next at {decision.until:%H:%M} UTC."
        )
    return "SendGrid has not said that it took the mail: it is sent anew."


def _start(kind: str, ref_id: UUID, *, now: datetime) -> None:
    """A job of the same kind may have been done or forgotten: its key is taken."""
    enqueue(kind, ref_id, now=now, dedupe_key=f"{kind}:{ref_id}:{now.timestamp()}")
