"""`make demo`: one gift from the shop's first call to the film that its recipient watches, and then an end."""

import argparse
import fcntl
import json
import re
import shutil
import subprocess
import time
from pathlib import Path

import imageio_ffmpeg

from api.media.accepted import LARGEST, MB
from api.media.refusals import RefusedFileError
from api.media.verification import verify_file
from local.chromium import chromium_path
from local.errors import LocalError
from local.migrations import PROJECT
from local.recipient import browser
from local.seed import seed
from local.shop import CONTENT_TYPES, Json, Shop, shop_window
from local.signals import heard_once, obey_signals
from local.stack import Stack
from local.terminal import fail, say
from local.walk import Props, Walk, make_props, send_gift

HOME = PROJECT / ".local" / "demo"
MARK = ".demo"  # stands in a folder that may be emptied
SHORTEST_FILM_S = 15
PLAYED_PERCENT = 25
PLAYED_WITHIN_S = 45
WATCHED_WITHIN_S = 10


def demo(home: Path, *, photo: Path | None, clip: Path | None) -> Json:
    """Walk one gift through a system of its own in `home`, emptied before; what came of it."""
    chromium_path()  # what cannot be had is told before anything starts
    _empty(home)
    with Stack(home, durable=False) as stack, heard_once():
        try:
            stack.start_backing()
            stack.start_site()
            shop = Shop(stack.base_url, seed(stack).api_key, heartbeat=stack.check)
            samples = home / "samples"
            samples.mkdir()
            props = make_props(samples, photo=photo, clip=clip)
            say("")
            with shop_window(samples) as shop_url:
                return _walk(shop, props, home, shop_url=shop_url, mailbox_url=f"{stack.env['SENDGRID_URL']}/mailbox")
        except LocalError:
            stack.check()  # a service that died is the better reason
            raise


def own_file(variable: str, given: str | None, kind: str) -> Path | None:
    """The file that PHOTO= or CLIP= names. Raises LocalError unless the product would take it as an upload."""
    if given is None:
        return None
    file = Path(given).expanduser()
    types = {suffix: name for suffix, name in CONTENT_TYPES.items() if name.startswith(f"{kind}/")}
    content_type = types.get(file.suffix.lower())
    if content_type is None:
        raise LocalError(f"{variable}={given} cannot be used: its name must end in {', '.join(types)}")
    try:
        _verify(file, content_type)
    except OSError as error:
        raise LocalError(f"{variable}={given} cannot be read: {error.strerror}") from error
    except RefusedFileError as refusal:
        raise LocalError(f"{variable}={given} cannot be used: {refusal.detail}") from refusal
    return file


def check_film(film: Path, aspect_ratio: str) -> None:
    """Raise LocalError unless ffmpeg finds an H.264 picture of this shape, AAC sound, and enough of both."""
    printed = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-i", film], capture_output=True, text=True, check=False
    ).stderr
    picture = re.search(r"Video: h264\b.*?\b(\d{2,5})x(\d{2,5})\b", printed)
    length = re.search(r"Duration: (\d+):(\d+):(\d+\.\d+)", printed)
    if picture is None or length is None or not re.search(r"Audio: aac\b", printed):
        raise LocalError(f"{film} is not a film with H.264 picture and AAC sound")
    seconds = int(length[1]) * 3600 + int(length[2]) * 60 + float(length[3])
    if seconds < SHORTEST_FILM_S:
        raise LocalError(f"{film} has only {seconds:.1f} seconds")
    across, down = (int(part) for part in aspect_ratio.split(":"))
    if int(picture[1]) * down != int(picture[2]) * across:
        raise LocalError(f"{film} has {picture[1]} by {picture[2]} pixels, which is not {aspect_ratio}")


def _walk(shop: Shop, props: Props, home: Path, *, shop_url: str, mailbox_url: str) -> Json:
    walk, started = Walk(), time.monotonic()
    sent = send_gift(walk, shop, props, shop_url=shop_url, mailbox_url=mailbox_url)
    gift = sent.gift
    with walk.step("check", "Film: H.264 and AAC, long enough, in its template's shape"):
        film = shop.download(gift["video"]["url"], home / "film.mp4")
        shop.download(gift["video"]["poster_url"], home / "poster.jpg")
        template = shop.call("GET", f"/v1/templates/{gift['template']}")
        check_film(film, template["aspect_ratio"])
    with browser() as open_link:
        with walk.step("open", "Recipient: link of the mail opened in Chromium"):
            page = open_link(gift["watch_url"])
        with walk.step("watch", f"Recipient: film played until the gift counts as watched, {PLAYED_PERCENT} %"):
            page.play(PLAYED_PERCENT, within_s=PLAYED_WITHIN_S)
            gift = shop.wait_for(gift, "watched", within_s=WATCHED_WITHIN_S)
        page.photograph(home / "watch.png")
    return {
        "gift_id": gift["id"],
        "status": gift["status"],
        "video_path": str(film),
        "watch_url": gift["watch_url"],
        "mail_subject": sent.mail["subject"],
        "seconds": round(time.monotonic() - started, 2),
        "steps": walk.seconds,
    }


def _empty(home: Path) -> None:
    """Remove what an earlier demo left, and nothing else. Raises LocalError while one is running."""
    home.mkdir(parents=True, exist_ok=True)
    mark = home / MARK
    if not mark.exists() and any(home.iterdir()):
        raise LocalError(f"{home} holds something else than a demo: choose an empty folder")
    mark.touch()
    with (home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LocalError(f"A demo is running from {home} already: wait for its end") from error
        for entry in home.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry.name not in ("lock", MARK):
                entry.unlink()


def _verify(file: Path, content_type: str) -> None:
    size = file.stat().st_size
    if not file.is_file():
        raise RefusedFileError("wrong_type", "It is not a file.")
    if size > LARGEST[content_type]:
        raise RefusedFileError("too_large", f"It is larger than {LARGEST[content_type] // MB} MB.")
    with file.open("rb") as content:

        def read(start: int, length: int) -> bytes:
            content.seek(start)
            return content.read(length)

        verify_file(content_type, size, read)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.demo", description=__doc__)
    parser.add_argument("--photo", help="a photo of yours: jpg, png or webp")
    parser.add_argument("--clip", help="a clip of yours: mp4, mov or webm")
    parser.add_argument("--home", type=Path, default=HOME, help="where everything is kept")
    arguments = parser.parse_args()
    obey_signals()
    try:
        photo = own_file("PHOTO", arguments.photo, "image")
        clip = own_file("CLIP", arguments.clip, "video")
        came_of_it = demo(arguments.home.absolute(), photo=photo, clip=clip)
    except KeyboardInterrupt:
        fail("The demo was interrupted.")
    except (LocalError, OSError) as error:
        fail(str(error))
    say(json.dumps(came_of_it))


if __name__ == "__main__":
    main()
