"""“Retry this step”: whatever of a gift is stuck is found, and its own service sets it going again."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from accounts.models import Account
from api.audit.models import AuditEntry
from api.delivery.models import Message
from api.gifts import services
from api.gifts.models import Gift
from api.gifts.states import GiftStatus
from api.outbox.models import Job
from api.rendering.models import Render
from tests import build
from tests.admin.gift_page import WHY, looked_at, offered, press, refusal, told

pytestmark = pytest.mark.usefixtures("template")

S = GiftStatus


def retried(client: Client, gift: Gift) -> str:
    answer = press(client, gift, "retry")
    assert answer.status_code == 302, refusal(answer)
    return told(answer)[-1]


def test_nothing_stuck_is_said(founder: Client, account: Account, now: datetime) -> None:
    assert retried(founder, build.draft(account, now)) == "Nothing is stuck: there was nothing to retry."
    assert not AuditEntry.objects.filter(action="gift.retried").exists()


def job_of(ref_id: UUID, kind: str) -> Job:
    return Job.objects.filter(ref_id=ref_id, kind=kind).latest("id")


def set_job(ref_id: UUID, kind: str, **changes: Any) -> Job:
    job = job_of(ref_id, kind)
    Job.objects.filter(pk=job.pk).update(**changes)
    return job


def scheduled_mail(account: Account, now: datetime) -> Message:
    """The mail of a gift that is due now."""
    gift = build.filmed(build.rendering(account, now), now)
    return Message.objects.get(gift=gift, kind="gift")


def gift_of(mail: Message) -> Gift:
    return Gift.objects.get(messages=mail)


def test_a_dead_mail_job_gets_its_tries_again(founder: Client, account: Account, now: datetime) -> None:
    mail = scheduled_mail(account, now)
    Message.objects.filter(pk=mail.pk).update(attempts=9)
    job = set_job(mail.pk, "mail.send", state="dead", attempts=9, last_error="away", finished_at=now)
    gift = gift_of(mail)
    assert "could not be handed to SendGrid" in looked_at(founder, gift)

    assert retried(founder, gift) == "The job to send a mail has all its tries again and runs now."

    job.refresh_from_db()
    assert (job.state, job.attempts) == ("waiting", 0)
    entry = AuditEntry.objects.get(action="gift.retried")
    assert (entry.object_id, entry.actor, entry.why, entry.door) == (str(gift.pk), "staff:ada", WHY, "admin")
    revived = AuditEntry.objects.get(action="job.revived")  # which no erasure of the gift would blank
    assert (revived.actor, revived.why, revived.door) == ("staff:ada", "", "admin")
    assert retried(founder, gift) == "Nothing is stuck: there was nothing to retry."


def test_an_erasure_that_was_not_finished_is_told_and_set_going(
    founder: Client, account: Account, now: datetime
) -> None:
    upload = build.ready_upload(account, now)
    gift = build.rendering(account, now, media=[upload.pk])
    services.erase_gift(gift.pk, actor="tests", now=now)
    assert offered(founder, gift) == set()
    assert "Nothing is left to do." in looked_at(founder, gift)
    job = set_job(upload.pk, "upload.delete", state="dead", attempts=9, last_error="away", finished_at=now)

    text = looked_at(founder, gift)
    assert "Nothing is left to do." not in text
    assert "A job was given up after all its tries." in text
    assert offered(founder, gift) == {"retry"}
    assert "has all its tries again" in retried(founder, gift)

    job.refresh_from_db()
    assert (job.state, offered(founder, gift)) == ("waiting", set())


def test_a_job_that_waits_after_a_failure_runs_now(founder: Client, account: Account, now: datetime) -> None:
    gift = build.rendering(account, now)
    later = now + timedelta(hours=6)
    job = set_job(build.awaited(gift).pk, "render.submit", run_at=later, attempts=5, last_error="renderer_away: gone")

    assert retried(founder, gift) == "The job to hand the video to the renderer runs now instead of later."

    job.refresh_from_db()
    assert job.run_at < later


def test_a_mail_that_was_perhaps_accepted_is_not_sent_twice_on_a_whim(
    founder: Client, account: Account, now: datetime
) -> None:
    mail = scheduled_mail(account, now)
    Message.objects.filter(pk=mail.pk).update(status="unknown", attempts=1, sending_started_at=now)
    gift = gift_of(mail)
    assert offered(founder, gift) == {"retry"}

    assert "SendGrid may have taken the mail" in retried(founder, gift)

    mail.refresh_from_db()
    assert (mail.status, Message.objects.filter(gift=gift, kind="gift").count()) == ("unknown", 1)


def test_a_mail_whose_job_was_forgotten_gets_a_new_one(founder: Client, account: Account, now: datetime) -> None:
    mail = scheduled_mail(account, now)
    Job.objects.filter(ref_id=mail.pk).delete()
    gift = gift_of(mail)

    assert retried(founder, gift) == "A new job sends the mail (the gift, to the recipient)."

    assert job_of(mail.pk, "mail.send").state == "waiting"


def test_a_refused_mail_is_written_anew(founder: Client, account: Account, now: datetime) -> None:
    mail = scheduled_mail(account, now)
    Message.objects.filter(pk=mail.pk).update(status="refused", attempts=1, failure={"code": "x", "detail": "Bad."})
    Job.objects.filter(ref_id=mail.pk).update(state="done", finished_at=now)
    gift = gift_of(mail)
    assert "SendGrid would not take the mail: Bad." in looked_at(founder, gift)

    assert "A new mail with the gift goes out" in retried(founder, gift)

    assert build.open_mails(gift) == 1


@pytest.mark.parametrize(("status", "kind"), [("queued", "render.submit"), ("submitted", "render.poll")])
def test_a_render_without_a_job_gets_one(
    status: str, kind: str, founder: Client, account: Account, now: datetime
) -> None:
    gift = build.rendering(account, now)
    render = build.awaited(gift)
    Render.objects.filter(pk=render.pk).update(status=status)
    Job.objects.filter(ref_id=render.pk).delete()

    retried(founder, gift)

    assert job_of(render.pk, kind).state == "waiting"


def test_an_overdue_render_is_looked_at(founder: Client, account: Account, now: datetime) -> None:
    gift = build.rendering(account, now - timedelta(minutes=61))
    assert "The video is overdue." in looked_at(founder, gift)

    assert "The renderer is asked once more" in retried(founder, gift)

    assert job_of(build.awaited(gift).pk, "render.poll").run_at <= now + timedelta(minutes=1)


def test_a_gift_whose_hour_was_missed_is_sent(founder: Client, account: Account, now: datetime) -> None:
    gift = build.scheduled(account, now)
    Gift.objects.filter(pk=gift.pk).update(due_at=now - timedelta(hours=1))

    assert "The gift's hour has passed" in retried(founder, gift)

    assert build.open_mails(gift) == 1
