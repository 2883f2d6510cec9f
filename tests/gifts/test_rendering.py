"""From draft to film: submitting, results, late and double ones, failures."""

from datetime import datetime, timedelta

import pytest

from accounts.models import Account
from api.delivery.models import Message
from api.exceptions import InvalidFieldError, InvalidStateError
from api.gifts import services, sweeps
from api.gifts.models import GiftEvent
from api.gifts.states import GiftStatus
from api.gifts.tasks import poll_render
from api.outbox.models import Job
from api.rendering.models import Render
from api.rendering.services import Failure
from tests import build

LOST = Failure("upload_failed", "The video was made but could not be stored.", retryable=True)


def test_submitting_queues_one_render_with_its_job(account: Account, now: datetime) -> None:
    gift = build.rendering(account, now)

    assert gift.status == GiftStatus.RENDERING
    assert gift.submitted_at == now
    render = Render.objects.get(gift=gift)
    assert Job.objects.get(kind="render.submit").ref_id == render.pk


def test_submitting_twice_renders_once(account: Account, now: datetime) -> None:
    gift = build.rendering(account, now)

    services.submit_gift(gift.pk, actor="tests", now=now)

    assert Render.objects.count() == 1


def test_submitting_what_is_past_rendering_is_refused(account: Account, now: datetime) -> None:
    gift = build.ready(account, now)

    with pytest.raises(InvalidStateError, match="is ready and was submitted before"):
        services.submit_gift(gift.pk, actor="tests", now=now)


def test_media_that_vanished_before_submitting_is_a_field_error(account: Account, now: datetime) -> None:
    upload = build.ready_upload(account, now)
    gift = build.draft(account, now, media=[upload.pk])
    upload.status = "expired"
    upload.removed_at = now
    upload.save()

    with pytest.raises(InvalidFieldError) as refusal:
        services.submit_gift(gift.pk, actor="tests", now=now)

    assert refusal.value.errors[0].field == "media"


def test_a_film_makes_a_gated_gift_ready_and_tells_the_sender(account: Account, now: datetime) -> None:
    gift = build.ready(account, now)

    assert gift.status == GiftStatus.READY
    assert gift.film is not None
    assert (gift.film.width, gift.film.duration_s) == (1280, 31.4)
    assert gift.expires_at == now + timedelta(days=90)
    messages = Message.objects.filter(gift=gift).order_by("id")
    assert list(messages.values_list("kind", "to_email")) == [
        ("receipt", "ana@example.com"),
        ("video_ready", "ana@example.com"),
    ]


def test_a_film_reported_twice_changes_nothing_the_second_time(account: Account, now: datetime) -> None:
    gift = build.ready(account, now)
    version = gift.version

    services.apply_film(build.awaited(gift), build.FILM, now=now + timedelta(minutes=1))

    gift.refresh_from_db()
    assert gift.version == version
    assert Message.objects.filter(gift=gift, kind="video_ready").count() == 1


def test_a_film_for_a_canceled_gift_is_removed(account: Account, now: datetime) -> None:
    gift = build.rendering(account, now)
    services.cancel_gift(gift.pk, actor="tests", now=now)
    Job.objects.all().delete()

    services.apply_film(build.awaited(gift), build.FILM, now=now + timedelta(minutes=1))

    gift.refresh_from_db()
    assert gift.status == GiftStatus.CANCELED
    assert gift.film is None
    assert list(Job.objects.values_list("kind", "run_at").order_by("run_at")) == [
        ("film.delete", now + timedelta(minutes=1)),
        ("film.delete", now + timedelta(minutes=61)),
    ]


def test_a_failure_that_may_pass_is_tried_once_more_and_then_ends(account: Account, now: datetime) -> None:
    gift = build.rendering(account, now)
    services.apply_render_failure(build.awaited(gift), LOST, now=now)
    gift.refresh_from_db()
    assert gift.status == GiftStatus.RENDERING
    assert build.awaited(gift).attempt == 2

    services.apply_render_failure(build.awaited(gift), LOST, now=now)

    gift.refresh_from_db()
    assert gift.status == GiftStatus.FAILED
    assert gift.failure == {"code": "upload_failed", "detail": LOST.detail, "retryable": True}
    assert Render.objects.filter(gift=gift, status="failed").count() == 2


def test_a_hopeless_failure_ends_at_once(account: Account, now: datetime) -> None:
    gift = build.in_state(GiftStatus.FAILED, account, now)

    assert Render.objects.filter(gift=gift).count() == 1
    assert GiftEvent.objects.filter(gift=gift).latest("at").type == "gift.failed"


def test_a_late_failure_does_not_touch_a_ready_gift(account: Account, now: datetime) -> None:
    gift = build.ready(account, now)

    services.apply_render_failure(build.awaited(gift), LOST, now=now)

    gift.refresh_from_db()
    assert gift.status == GiftStatus.READY
    assert gift.failure is None


@pytest.mark.parametrize("status", [GiftStatus.FAILED, GiftStatus.READY, GiftStatus.SCHEDULED])
def test_rendering_again_waits_for_a_new_film(status: GiftStatus, account: Account, now: datetime) -> None:
    gift = build.in_state(status, account, now)
    first = gift.render

    gift = services.render_again(gift.pk, actor="tests", now=now)
    again = services.render_again(gift.pk, actor="tests", now=now)

    assert gift.status == GiftStatus.RENDERING
    assert gift.failure is None
    assert gift.render != first
    assert again.render == gift.render


@pytest.mark.parametrize("status", sorted(set(GiftStatus) - {"rendering", "failed", "ready", "scheduled"}))
def test_other_states_are_not_rendered_again(status: GiftStatus, account: Account, now: datetime) -> None:
    gift = build.in_state(status, account, now)

    with pytest.raises(InvalidStateError, match=f"is {status}"):
        services.render_again(gift.pk, actor="tests", now=now)


def test_the_newest_film_is_the_one_shown(account: Account, now: datetime) -> None:
    gift = build.ready(account, now)
    old = gift.film
    services.render_again(gift.pk, actor="tests", now=now)
    gift.refresh_from_db()
    assert gift.film == old

    gift = build.filmed(gift, now)

    assert gift.film == gift.render != old


def test_a_render_without_a_result_fails_after_an_hour(account: Account, now: datetime) -> None:
    gift = build.rendering(account, now)

    assert sweeps.look_after_overdue_renders(now + timedelta(minutes=59)) == 0
    assert sweeps.look_after_overdue_renders(now + timedelta(minutes=61)) == 1
    poll_render(build.awaited(gift).pk, now=now + timedelta(minutes=61))

    gift.refresh_from_db()
    assert gift.status == GiftStatus.FAILED
    assert gift.failure is not None
    assert gift.failure["code"] == "renderer_unreachable"
