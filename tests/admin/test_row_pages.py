"""The pages of single mails, renders, uploads, jobs and webhooks: in plain words, with what can be done to them."""

from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.test import Client

from accounts.models import Account, User
from api.audit.models import AuditEntry
from api.delivery.models import Message
from api.outbox.models import Job
from api.rendering.models import Render
from api.webhooks import services as webhooks
from api.webhooks.models import WebhookDelivery, WebhookEndpoint
from api.webhooks.states import DisabledReason
from tests import build
from tests.admin.conftest import dead_job, tried_webhook
from tests.admin.signing import signed_in

pytestmark = pytest.mark.usefixtures("template")

WHY = "SendGrid is back"


def text_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def told(answer: Any) -> str:
    return [str(message) for message in get_messages(answer.wsgi_request)][-1]


def looker(*codenames: str) -> Client:
    user = User.objects.create_user("sam", is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return signed_in(user)


def test_a_mails_page_leads_to_its_gift_and_its_preview(founder: Client, account: Account, now: datetime) -> None:
    gift = build.bounce(build.sent(account, now), now)
    mail = Message.objects.get(gift=gift, kind="gift")

    text = text_of(founder, f"/admin/api/message/{mail.pk}/change/")

    assert "The gift, to the recipient, to ben@example.com: not deliverable." in text
    assert f"/admin/api/gift/{gift.pk}/change/" in text
    assert f"/admin/mails/{mail.pk}/preview/" in text
    assert "550 unknown" in text


def test_a_failed_renders_page_says_why_and_what_may_help(founder: Client, account: Account, now: datetime) -> None:
    gift = build.failed(account, now)

    text = text_of(founder, f"/admin/api/render/{build.awaited(gift).pk}/change/")

    assert "No film came of it; took 0 s." in text
    assert "The renderer began, and could not finish the video." in text
    assert "Render it again." in text


def test_a_film_of_a_gift_that_is_over_is_not_linked(founder: Client, account: Account, now: datetime) -> None:
    expired, sent = build.expired(account, now), build.sent(account, now)

    shown = {gift.pk: text_of(founder, f"/admin/api/render/{gift.film_id}/change/") for gift in (expired, sent)}

    assert ("<video" in shown[expired.pk], "<video" in shown[sent.pk]) == (False, True)
    assert not any(render.secret in text for render in Render.objects.all() for text in shown.values())


def test_a_dead_job_is_tried_again_with_a_reason(founder: Client, now: datetime) -> None:
    job = dead_job(now)
    assert "Try it again" in text_of(founder, f"/admin/api/job/{job.pk}/change/")

    assert founder.post(f"/admin/jobs/{job.pk}/retry/", {"reason": ""}).status_code == 400
    answer = founder.post(f"/admin/jobs/{job.pk}/retry/", {"reason": WHY})

    assert (answer.status_code, told(answer)) == (302, "It will be tried again within a minute.")
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("waiting", 0)
    entry = AuditEntry.objects.get(action="job.revived")
    assert (entry.object_id, entry.actor, entry.door, entry.why) == (str(job.pk), "staff:ada", "admin", WHY)
    again = founder.post(f"/admin/jobs/{job.pk}/retry/", {"reason": WHY})
    assert (again.status_code, "not dead any more" in again.content.decode()) == (409, True)


def test_a_dead_job_is_forgotten_with_a_reason(founder: Client, now: datetime) -> None:
    job = dead_job(now)

    answer = founder.post(f"/admin/jobs/{job.pk}/forget/", {"reason": WHY})

    assert (answer.status_code, told(answer)) == (302, "Forgotten.")
    assert not Job.objects.exists()
    assert AuditEntry.objects.get(action="job.forgotten").object_id == str(job.pk)
    assert founder.post(f"/admin/jobs/{job.pk}/forget/", {"reason": WHY}).status_code == 404


def test_who_may_only_look_at_jobs_does_nothing_to_them(now: datetime) -> None:
    job, client = dead_job(now), looker("view_job")

    assert f"/admin/jobs/{job.pk}/" not in text_of(client, f"/admin/api/job/{job.pk}/change/")
    for name in ("retry", "forget"):
        assert client.post(f"/admin/jobs/{job.pk}/{name}/", {"reason": WHY}).status_code == 403
    job.refresh_from_db()
    assert job.state == "dead"


def test_an_endpoint_that_was_switched_off_is_switched_on(founder: Client, account: Account, now: datetime) -> None:
    endpoint = tried_webhook(account, now).endpoint
    webhooks.update_endpoint(endpoint.pk, {"enabled": False}, now=now)
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(disabled_reason=DisabledReason.FAILING)
    assert "Off: it did nothing but fail for five days." in text_of(
        founder, f"/admin/api/webhookendpoint/{endpoint.pk}/change/"
    )

    answer = founder.post(f"/admin/webhooks/{endpoint.pk}/enable/", {"reason": WHY})

    assert (answer.status_code, told(answer)) == (302, "Switched on.")
    endpoint.refresh_from_db()
    assert endpoint.enabled


def test_a_delivery_is_made_again_and_leads_to_its_gift(founder: Client, account: Account, now: datetime) -> None:
    test = tried_webhook(account, now)
    gift = build.sent(account, now)
    delivery = WebhookDelivery.objects.get(type="gift.sent")
    WebhookDelivery.objects.filter(pk=delivery.pk).update(status="failed", finished_at=now, next_attempt_at=None)

    assert f"/admin/api/gift/{gift.pk}/change/" in text_of(founder, f"/admin/api/webhookdelivery/{delivery.pk}/change/")
    assert "/admin/api/gift/" not in text_of(founder, f"/admin/api/webhookdelivery/{test.pk}/change/").replace(
        'href="/admin/api/gift/"', ""
    )
    answer = founder.post(f"/admin/webhook-deliveries/{delivery.pk}/redeliver/")

    assert told(answer) == "It is delivered again within a minute."
    delivery.refresh_from_db()
    assert (delivery.status, delivery.runs) == ("pending", 1)


def test_a_refusal_stays_on_the_page(founder: Client, account: Account, now: datetime) -> None:
    delivery = tried_webhook(account, now)
    webhooks.update_endpoint(delivery.endpoint_id, {"enabled": False}, now=now)

    answer = founder.post(f"/admin/webhook-deliveries/{delivery.pk}/redeliver/")

    assert (answer.status_code, "This endpoint is disabled" in answer.content.decode()) == (409, True)


def test_a_batchs_job_says_what_it_does_and_leads_to_the_batch(founder: Client, now: datetime) -> None:
    job = dead_job(now)
    Job.objects.update(kind="batch.run")

    page = founder.get(f"/admin/api/job/{job.pk}/change/").content.decode()

    assert "Work a batch off: " in page
    assert f'href="/admin/batches/{job.ref_id}/"' in page
