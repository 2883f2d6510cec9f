"""The page in a real browser: what counts as watched, an address that ran out, thanks that get lost."""

import os
import subprocess
from collections.abc import Iterator

import imageio_ffmpeg
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from api.gifts.models import Gift
from api.media import bucket
from api.viewing.models import Thanks
from local.chromium import chromium_path
from tests.admin.browser import PATIENCE_MS
from tests.viewing.conftest import SentGift

pytestmark = pytest.mark.django_db(transaction=True)

SECONDS = 4


@pytest.fixture(scope="module")
def film_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    picture = ["-f", "lavfi", "-i", f"testsrc2=size=320x180:rate=15:duration={SECONDS}"]
    options = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-movflags", "+faststart"]
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *picture, *options, str(path)], check=True)
    return path.read_bytes()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Playwright runs an event loop in this thread; Django, asked from the same thread, must not mind."""
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with pytest.MonkeyPatch.context() as environment, sync_playwright() as playwright:
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        expect.set_options(timeout=PATIENCE_MS)
        chromium = playwright.chromium.launch(executable_path=chromium_path(), args=[*options, "--mute-audio"])
        yield chromium
        chromium.close()


@pytest.fixture
def gift(browser: Browser, film_file: bytes, sent_gift: SentGift) -> Gift:
    made = sent_gift(message="Happy 30th!")
    assert made.film is not None
    bucket.client().put_object(
        Bucket=os.environ["MEDIA_BUCKET"], Key=made.film.key, Body=film_file, ContentType="video/mp4"
    )
    return made


@pytest.fixture
def page(browser: Browser, live_server: LiveServer, gift: Gift) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, base_url=live_server.url)
    context.set_default_timeout(15_000)
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert errors == []


def test_a_film_played_to_the_end_is_reported_at_each_quarter_once(page: Page, gift: Gift) -> None:
    reported: list[str] = []
    page.on("request", lambda request: reported.append(request.post_data or "") if request.method == "POST" else None)
    page.goto(f"/g/{gift.token}")

    with page.expect_response(lambda answer: answer.request.post_data == '{"percent":100}') as last:
        page.click("#play")

    assert last.value.status == 204
    expect(page.locator("canvas.confetti")).to_be_visible()
    page.click("#play")  # once more from the start
    page.wait_for_function("() => !film.ended && film.currentTime > 1")
    assert reported == [f'{{"percent":{percent}}}' for percent in (25, 50, 75, 100)]
    gift.refresh_from_db()
    assert (gift.status, gift.watched_percent) == ("watched", 100)


def test_a_film_skipped_to_the_end_is_not_watched(page: Page, gift: Gift) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"/g/{gift.token}")
    page.wait_for_function("() => film.duration > 0")
    page.evaluate(f"film.currentTime = {SECONDS - 0.5}")

    page.click("#play")

    expect(page.get_by_role("button", name="Play it again")).to_be_visible()
    expect(page.locator("canvas.confetti")).to_have_count(0)
    gift.refresh_from_db()
    assert (gift.status, gift.watched_percent) == ("sent", 0)


def test_a_film_whose_address_ran_out_goes_on_where_it_stopped(page: Page, gift: Gift) -> None:
    page.goto(f"/g/{gift.token}")
    old = page.get_attribute("#film", "src")
    page.click("#play")
    page.wait_for_function("() => film.currentTime > 1")
    page.route("**/*ran-out*", lambda route: route.fulfill(status=403))

    with page.expect_response(f"**/public/gifts/{gift.token}"):
        page.evaluate("film.src += '&ran-out'")

    with page.expect_response(lambda answer: answer.request.post_data == '{"percent":100}'):
        page.wait_for_function("() => film.ended")
    assert old is not None
    assert "ran-out" not in str(page.evaluate("film.src"))
    assert page.inner_text("#film-note") == ""


def test_a_film_that_stays_away_says_so(page: Page, gift: Gift) -> None:
    page.route("**/*.mp4*", lambda route: route.fulfill(status=403))

    page.goto(f"/g/{gift.token}")

    expect(page.locator("#film-note")).to_contain_text("does not play just now")


def test_thanks_go_out_and_lost_ones_keep_their_words(page: Page, gift: Gift) -> None:
    page.goto(f"/g/{gift.token}")
    words = page.get_by_label("A few words are enough")
    words.fill("Thank you!\n<b>You</b> two.")

    page.context.set_offline(True)
    page.click("text=Send thanks")
    expect(page.locator("#thanks-state")).to_contain_text("did not get through")
    assert words.input_value() == "Thank you!\n<b>You</b> two."

    page.context.set_offline(False)
    page.click("text=Send thanks")
    expect(page.locator("#thanks-state")).to_contain_text("on their way")
    expect(page.locator("#thanks-sent")).to_have_text("Thank you!\n<b>You</b> two.", use_inner_text=True)
    assert [thanks.message for thanks in Thanks.objects.filter(gift=gift)] == ["Thank you!\n<b>You</b> two."]


def test_after_the_third_thanks_there_is_no_form(page: Page, gift: Gift) -> None:
    page.goto(f"/g/{gift.token}")
    for number in range(3):
        page.get_by_label("A few words are enough").fill(f"Thanks, {number}")
        page.click("text=Send thanks")
        expect(page.locator("#thanks-sent")).to_have_text(f"Thanks, {number}")
        if number < 2:
            page.click("text=Write once more")

    expect(page.locator("#thanks-again")).to_be_hidden()
    page.reload()
    expect(page.locator("#thanks-form")).to_be_hidden()
    expect(page.locator("#thanks-state")).to_contain_text("three times")


def test_a_blank_answer_is_refused_beside_the_form(page: Page, gift: Gift) -> None:
    page.goto(f"/g/{gift.token}")
    page.get_by_label("A few words are enough").fill("   ")

    page.click("text=Send thanks")

    expect(page.locator("#thanks-state")).to_have_text("This field may not be blank.")
    expect(page.locator("#thanks-form")).to_be_visible()


def test_without_scripts_the_film_and_a_way_to_answer_are_there(
    browser: Browser, live_server: LiveServer, gift: Gift
) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=live_server.url)
    page = context.new_page()
    page.goto(f"/g/{gift.token}")

    expect(page.locator("video[controls]")).to_be_visible()
    expect(page.locator("#play")).to_be_hidden()
    expect(page.locator("#thanks-form")).to_be_hidden()
    expect(page.locator("#answer-by-mail")).to_be_visible()
    context.close()
