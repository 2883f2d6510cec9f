"""Where a gift stands: what may be done with it now, as the services see it, and what about it is stuck."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cached_property

from api.delivery.models import Message
from api.delivery.states import OPEN as OPEN_MAIL
from api.delivery.states import MessageKind, MessageStatus
from api.gifts.models import Gift, GiftMedia
from api.gifts.selectors import jobs_about, media_of, messages_of, renders_of
from api.gifts.states import BEFORE_SENT, EDGES, EDITABLE, OPENABLE, GiftStatus, OrderStatus
from api.outbox.models import Job, JobState
from api.rendering.models import Render
from api.rendering.selectors import OVERDUE_AFTER
from api.rendering.states import OPEN as OPEN_RENDER
from api.rendering.states import RenderStatus

# The tick comes each minute; what was due for longer has been left lying.
LEFT_LYING = timedelta(minutes=3)
LOOKED_AT = 100  # of each kind of row, the newest


class Trouble(Enum):
    """Kinds of being stuck."""

    JOB_DEAD = "a job was given up"
    JOB_PUT_OFF = "a job failed and waits for its next try"
    MAIL_UNKNOWN = "a mail was perhaps accepted"
    MAIL_FORGOTTEN = "a mail is to be sent and no job does it"
    MAIL_REFUSED = "the mail service would not take the gift's mail"
    RENDER_FAILED = "the video could not be made"
    RENDER_OVERDUE = "the video is overdue"
    RENDER_FORGOTTEN = "a video is to be made and no job does it"
    DELIVERY_OVERDUE = "the gift's hour has passed and it was not sent"


@dataclass(frozen=True)
class Stuck:
    """One thing that does not move by itself, or not soon. `row` is what it is about, unless it is the gift itself."""

    trouble: Trouble
    row: Job | Message | Render | None = None


@dataclass(frozen=True)
class Situation:
    """A gift with what its possibilities depend on: rows newest first, jobs that are not done before those that are."""

    gift: Gift
    media: Sequence[GiftMedia]
    messages: Sequence[Message]
    renders: Sequence[Render]
    jobs: Sequence[Job]
    now: datetime

    @property
    def status(self) -> GiftStatus:
        return GiftStatus(self.gift.status)

    @cached_property
    def open_mail(self) -> Message | None:
        """The mail with the gift that is to be sent, or on its way; there is one at most."""
        return next(
            (mail for mail in self.messages if mail.kind == MessageKind.GIFT and mail.status in OPEN_MAIL), None
        )

    @property
    def newest_mail(self) -> Message | None:
        """With the gift, whatever became of it."""
        return next((mail for mail in self.messages if mail.kind == MessageKind.GIFT), None)

    @property
    def is_on_its_way(self) -> bool:
        """A mail that may have left cannot be called back; until that is settled the gift is not to be touched."""
        mail = self.open_mail
        return mail is not None and (mail.status != MessageStatus.QUEUED or mail.attempts == 0)

    @property
    def waits_for_payment(self) -> bool:
        return self.gift.order_required and self.gift.order_status == OrderStatus.PENDING and self.status in BEFORE_SENT

    @property
    def waits_for_approval(self) -> bool:
        return self.gift.approval_required and self.gift.approved_at is None and self.status in BEFORE_SENT

    @property
    def may_render_again(self) -> bool:
        is_edge = GiftStatus.RENDERING in EDGES[self.status] and self.status != GiftStatus.DRAFT
        return is_edge and not self.is_on_its_way

    @property
    def may_approve(self) -> bool:
        return self.waits_for_approval

    @property
    def may_mark_paid(self) -> bool:
        return self.waits_for_payment and not self.is_on_its_way

    @property
    def may_correct(self) -> bool:
        return "recipient" in EDITABLE.get(self.status, ()) and not self.is_on_its_way

    @property
    def may_resend(self) -> bool:
        is_corrected = self.gift.recipient_email != self.gift.bounced_email
        is_sent = self.status == GiftStatus.SENT or (self.status == GiftStatus.BOUNCED and is_corrected)
        return is_sent and self.open_mail is None

    @property
    def may_cancel(self) -> bool:
        return self.status in BEFORE_SENT and not self.is_on_its_way

    @property
    def may_withdraw(self) -> bool:
        return self.status in OPENABLE and not self.is_on_its_way

    @property
    def may_erase(self) -> bool:
        return self.gift.forgotten_at is None and not self.is_on_its_way

    @property
    def may_retry(self) -> bool:
        return bool(self.stuck)

    @cached_property
    def stuck(self) -> list[Stuck]:
        return [*self._stuck_jobs(), *self._stuck_mails(), *self._stuck_renders(), *self._stuck_delivery()]

    def _stuck_jobs(self) -> list[Stuck]:
        found = []
        for job in self.jobs:
            is_free = job.lease_until is None or job.lease_until <= self.now
            if job.state == JobState.DEAD:
                found.append(Stuck(Trouble.JOB_DEAD, job))
            elif job.state == JobState.WAITING and is_free and job.attempts and job.last_error:
                found.append(Stuck(Trouble.JOB_PUT_OFF, job))
        return found

    def _stuck_mails(self) -> list[Stuck]:
        found = []
        for mail in self.messages:
            if mail.status not in OPEN_MAIL:
                continue
            if not self._has_job(mail, "mail.send"):
                found.append(Stuck(Trouble.MAIL_FORGOTTEN, mail))
            elif mail.status == MessageStatus.UNKNOWN:
                found.append(Stuck(Trouble.MAIL_UNKNOWN, mail))
        return found

    def _stuck_renders(self) -> list[Stuck]:
        if self.status == GiftStatus.FAILED:
            return [Stuck(Trouble.RENDER_FAILED)]
        render = self.awaited
        if render is None:
            return []
        if self.now >= render.created_at + OVERDUE_AFTER:
            return [Stuck(Trouble.RENDER_OVERDUE, render)]
        kind = "render.submit" if render.status == RenderStatus.QUEUED else "render.poll"
        return [] if self._has_job(render, kind) else [Stuck(Trouble.RENDER_FORGOTTEN, render)]

    @property
    def awaited(self) -> Render | None:
        """The render that the gift waits for, while it does."""
        if self.status != GiftStatus.RENDERING:
            return None
        return next((one for one in self.renders if one.pk == self.gift.render_id and one.status in OPEN_RENDER), None)

    def _stuck_delivery(self) -> list[Stuck]:
        if self.status != GiftStatus.SCHEDULED:
            return []
        if self.gift.due_at is not None:
            is_late = self.gift.due_at <= self.now - LEFT_LYING
            return [Stuck(Trouble.DELIVERY_OVERDUE)] if is_late else []
        return [] if self.open_mail else [Stuck(Trouble.MAIL_REFUSED, self.newest_mail)]

    def _has_job(self, row: Message | Render, kind: str) -> bool:
        return any(job.kind == kind and job.ref_id == row.pk and job.state != JobState.DONE for job in self.jobs)


def look_at(gift: Gift, *, now: datetime) -> Situation:
    """In four queries, whatever the gift has been through."""
    media = list(media_of(gift.pk))
    messages = list(messages_of(gift.pk)[:LOOKED_AT])
    renders = list(renders_of(gift.pk).order_by("-id")[:LOOKED_AT])
    about = [gift.pk, *(row.pk for row in (*messages, *renders)), *(place.upload_id for place in media)]
    jobs = jobs_about(about, erased=gift.pk if gift.forgotten_at else None)
    return Situation(gift, media, messages, renders, list(jobs[:LOOKED_AT]), now)
