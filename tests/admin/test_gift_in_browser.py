"""A gift's page in a real browser: what a founder does most, and how it looks. Pictures are kept for a look."""

import os
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta

import imageio_ffmpeg
import pytest
from playwright.sync_api import Page, expect

from accounts.models import Account, User
from api.delivery.models import MailEvent, Message
from api.gifts import services
from api.gifts.models import Gift
from api.gifts.states import OrderStatus
from api.media import bucket
from api.rendering.services import record_submission
from api.templates.models import Template
from api.webhooks import services as webhooks
from tests import build
from tests.admin.browser import LOOKS, OpenPage, overflows, photograph, serious
from tests.admin.conftest import dead_job

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("template")]

Build = Callable[[Account, datetime], Gift]
SECONDS = 2


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_superuser("ada", first_name="Ada", last_name="Byron")


@pytest.fixture(scope="module")
def film_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    picture = ["-f", "lavfi", "-i", f"testsrc2=size=640x360:rate=15:duration={SECONDS}"]
    options = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-movflags", "+faststart"]
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *picture, *options, str(path)], check=True)
    return path.read_bytes()


@pytest.fixture(scope="module")
def photo_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("photo") / "photo.jpg"
    picture = ["-f", "lavfi", "-i", "mandelbrot=size=640x480", "-frames:v", "1"]
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *picture, str(path)], check=True)
    return path.read_bytes()


def put(key: str, content: bytes, content_type: str) -> None:
    bucket.client().put_object(Bucket=os.environ["MEDIA_BUCKET"], Key=key, Body=content, ContentType=content_type)


def page_of(gift: Gift) -> str:
    return f"/admin/api/gift/{gift.pk}/change/"


@pytest.fixture
def full(account: Account, template: Template, now: datetime, film_file: bytes, photo_file: bytes) -> Build:
    """A gift with a bit of everything, sent an hour ago; its film and photo are in the bucket."""

    def make(account: Account, now: datetime) -> Gift:
        then = now - timedelta(hours=1)
        webhooks.create_endpoint(
            account.pk, livemode=True, url="https://93.184.215.14/hooks", types=["gift.sent", "gift.bounced"], now=then
        )
        uploads = [build.ready_upload(account, then), build.ready_upload(account, then)]
        put(uploads[0].key, photo_file, "image/jpeg")
        gift = build.rendering(
            account,
            then,
            media=[upload.pk for upload in uploads],
            message="Happy 30th, Ben!\n\nRemember the espresso machine at the lake? Now you have your own.",
            product={
                "name": "Espresso set",
                "url": "https://shop.example/espresso",
                "image_url": "https://shop.example/espresso.jpg",
                "price": {"amount": "49.00", "currency": "AUD"},
            },
            fields={"headline": "BEN IS 30"},
            metadata={"cart": "c_91"},
            order={"required": True, "reference": "SO-1001"},
            timezone="Australia/Sydney",
        )
        record_submission(build.awaited(gift).pk, "d2b46ed6-998a-4d6b-9d91-b8cf0193a655", now=then)
        gift = build.filmed(gift, then + timedelta(seconds=38))
        services.set_order(
            gift.pk, status=OrderStatus.PAID, reference="SO-1001", actor="api_key:abc123def456", now=then
        )
        message = build.mailed(gift, then + timedelta(minutes=1))
        for event in ("processed", "delivered"):
            MailEvent.objects.create(
                sg_event_id=f"{event}-{gift.pk}",
                message=message,
                type=event,
                at=then + timedelta(minutes=2),
                received_at=now,
                raw={"event": event},
            )
        services.apply_mail_events(message.pk, now=then + timedelta(minutes=2))
        gift.refresh_from_db()
        assert gift.film is not None
        put(gift.film.key, film_file, "video/mp4")
        return gift

    return make


def erased(account: Account, now: datetime) -> Gift:
    gift = build.sent(account, now)
    services.erase_gift(gift.pk, actor="staff:ada", now=now)
    gift.refresh_from_db()
    return gift


def stuck(account: Account, now: datetime) -> Gift:
    """Its mail's job was given up."""
    gift = build.filmed(build.rendering(account, now), now)
    message = Message.objects.get(gift=gift, kind="gift")
    Message.objects.filter(pk=message.pk).update(attempts=9)
    job = dead_job(now)
    type(job).objects.filter(ref_id=message.pk).delete()
    type(job).objects.filter(pk=job.pk).update(ref_id=message.pk)
    return gift


LOOKED_AT: dict[str, Build] = {
    "draft": build.draft,
    "rendering": build.rendering,
    "ready": build.ready,
    "failed": build.failed,
    "stuck": stuck,
    "erased": erased,
    "withdrawn": lambda account, now: services.cancel_gift(build.sent(account, now).pk, actor="staff:ada", now=now),
}


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_the_page_looks_right_in_each_state(
    width: int,
    dark: bool,
    ada: User,
    account: Account,
    full: Build,
    now: datetime,
    signed_in_page: OpenPage,
) -> None:
    page = signed_in_page(ada, width=width, dark=dark)
    sent = full(account, now)
    bounced = build.bounce(full(account, now), now)
    gifts = {"sent": sent, "bounced": bounced, **{name: made(account, now) for name, made in LOOKED_AT.items()}}

    for name, gift in gifts.items():
        page.goto(page_of(gift))
        photograph(page, f"gift-{name}")
        assert not overflows(page), name
        assert serious(page) == [], name
    page.goto(f"/admin/gifts/{bounced.pk}/correct/")
    photograph(page, "gift-correct")
    assert (overflows(page), serious(page)) == (False, [])
    page.goto(f"/admin/gifts/{sent.pk}/erase/")
    photograph(page, "gift-erase")
    assert (overflows(page), serious(page)) == (False, [])
    page.goto(f"/admin/mails/{Message.objects.filter(gift=sent, kind='gift').get().pk}/preview/")
    photograph(page, "mail-preview")
    assert (overflows(page), serious(page)) == (False, [])
    _look_at_rows(page, sent)


def _look_at_rows(page: Page, gift: Gift) -> None:
    rows = {
        "render": gift.film_id,
        "message": Message.objects.filter(gift=gift, kind="gift").get().pk,
        "upload": gift.media.order_by("pk").first().pk,  # type: ignore[union-attr]  # it has some
        "job": dead_job(gift.created_at).pk,
    }
    for name, pk in rows.items():
        page.goto(f"/admin/api/{name}/{pk}/change/")
        photograph(page, f"row-{name}")
        assert not overflows(page), name
        assert serious(page) == [], name


def test_the_film_plays_and_does_not_count_as_watched(
    ada: User, account: Account, full: Build, now: datetime, signed_in_page: OpenPage
) -> None:
    gift = full(account, now)
    page = signed_in_page(ada)
    page.goto(page_of(gift))

    page.locator("#film video").evaluate("film => film.play()")
    page.wait_for_function("() => document.querySelector('#film video').ended")

    gift.refresh_from_db()
    assert (gift.status, gift.watched_percent) == ("sent", 0)


def test_a_film_whose_file_is_gone_says_so(
    ada: User, account: Account, now: datetime, signed_in_page: OpenPage
) -> None:
    page = signed_in_page(ada)
    page.goto(page_of(build.sent(account, now)))

    page.locator("#film video").evaluate("film => { film.play().catch(() => {}) }")

    expect(page.locator("#film")).to_contain_text("The file of this video is not there")


def test_a_mail_is_looked_at_and_its_links_lead_nowhere(
    ada: User, account: Account, now: datetime, signed_in_page: OpenPage
) -> None:
    gift = build.sent(account, now, message="<script>alert(1)</script> & <b>dear</b>")
    page = signed_in_page(ada)
    page.goto(page_of(gift))

    page.locator("#mails").get_by_role("link", name="Preview of the mail").first.click()

    mail = page.frame_locator("iframe.gf-mail")
    expect(mail.locator("body")).to_contain_text("Ben")
    url = page.url
    mail.locator("a").first.click()
    assert page.url == url
