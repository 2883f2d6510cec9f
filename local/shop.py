"""A shop's frontend: what it does with a gift, over HTTP alone, with nothing but an API key."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import urllib3

from local.errors import LocalError
from local.ports import HOST

CONTENT_TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
}
DEAD_ENDS = frozenset({"failed", "bounced", "canceled", "expired"})
POLL_S = 0.25
TIMEOUT = urllib3.Timeout(connect=5, read=30)

Json = dict[str, Any]


class ShopError(LocalError):
    """A call was refused, or what was waited for did not come. Never has a presigned address in it."""


class Shop:
    """Calls the API at `base_url`. `heartbeat` is called while waiting; what it raises ends the wait."""

    def __init__(self, base_url: str, api_key: str, *, heartbeat: Callable[[], None] = lambda: None) -> None:
        self.base_url = base_url
        self._api = urllib3.PoolManager(headers={"X-API-Key": api_key}, timeout=TIMEOUT, retries=False)
        self._elsewhere = urllib3.PoolManager(timeout=TIMEOUT, retries=False)
        self._heartbeat = heartbeat

    def call(self, method: str, path: str, body: Json | None = None) -> Json:
        """The answer's JSON. Raises ShopError with the problem's own words for anything but success."""
        try:
            response = self._api.request(method, self.base_url + path, json=body)
        except urllib3.exceptions.HTTPError as error:
            raise ShopError(f"{method} {path} got no answer: {type(error).__name__}") from error
        if response.status >= 300:
            raise ShopError(f"{method} {path} was answered {response.status}: {_problem(response)}")
        answer: Json = response.json() if response.data else {}
        return answer

    def upload(self, file: Path) -> str:
        """Put a file into the bucket, part by part, and return the finished upload's id."""
        announcement = {
            "filename": file.name,
            "content_type": CONTENT_TYPES[file.suffix.lower()],
            "size": file.stat().st_size,
        }
        upload = self.call("POST", "/v1/uploads", announcement)
        with file.open("rb") as content:
            receipts = [
                {"number": part["number"], "etag": self._put(part["url"], content.read(upload["part_size"]), file.name)}
                for part in sorted(upload["parts"], key=lambda part: int(part["number"]))
            ]
        done = self.call("POST", f"/v1/uploads/{upload['id']}/complete", {"parts": receipts})
        return str(done["id"])

    def create_gift(self, media: Sequence[str], *, picture_url: str) -> Json:
        """Ana's present for Ben's birthday, waiting for its order to be paid."""
        content = {
            "template": "birthday-confetti",
            "sender": {"name": "Ana", "email": "ana@example.com"},
            "recipient": {"name": "Ben", "email": "ben@example.com"},
            "message": "Happy 30th, Ben! May your coffee be strong, your Mondays short and your cake big enough.",
            "fields": {"headline": "BEN IS 30"},
            "product": {
                "name": "Espresso set",
                "url": "https://confetti.example/espresso-set",
                "image_url": picture_url,
                "price": {"amount": "49.00", "currency": "AUD"},
            },
            "media": list(media),
            "order": {"required": True, "reference": "SO-1001"},
        }
        return self.call("POST", "/v1/gifts", content)

    def submit(self, gift: Json) -> Json:
        return self.call("POST", f"/v1/gifts/{gift['id']}/submit")

    def mark_paid(self, gift: Json) -> Json:
        order = {"reference": gift["order"]["reference"], "status": "paid"}
        return self.call("POST", f"/v1/gifts/{gift['id']}/order", order)

    def wait_for(self, gift: Json, *statuses: str, within_s: float) -> Json:
        """Poll until the gift is in one of `statuses`. Raises ShopError once it cannot get there, or in time."""
        deadline = time.monotonic() + within_s
        while True:
            seen = self.call("GET", f"/v1/gifts/{gift['id']}")
            if seen["status"] in statuses:
                return seen
            if seen["status"] in DEAD_ENDS or time.monotonic() > deadline:
                wanted = " or ".join(statuses)
                limit = "" if seen["status"] in DEAD_ENDS else f" after {within_s:.0f} s"
                raise ShopError(f"The gift is {seen['status']}, not {wanted}{limit}: {self._reason(seen)}")
            self._heartbeat()
            time.sleep(POLL_S)

    def download(self, url: str, file: Path) -> Path:
        """Fetch what a signed address leads to."""
        try:
            response = self._elsewhere.request("GET", url)
        except urllib3.exceptions.HTTPError as error:
            raise ShopError(f"{file.name} could not be downloaded: {type(error).__name__}") from None
        if response.status != 200:
            raise ShopError(f"{file.name} could not be downloaded: HTTP status {response.status}")
        file.write_bytes(response.data)
        return file

    def _put(self, url: str, part: bytes, name: str) -> str:
        """Straight to the bucket, without our key; returns the part's ETag."""
        try:
            response = self._elsewhere.request("PUT", url, body=part)
        except urllib3.exceptions.HTTPError as error:
            raise ShopError(f"The bucket did not take {name}: {type(error).__name__}") from None
        if response.status != 200:
            raise ShopError(f"The bucket did not take {name}: HTTP status {response.status}")
        return response.headers["ETag"]

    def _reason(self, gift: Json) -> str:
        """Why a gift is not further, as far as the API tells."""
        renders = self.call("GET", f"/v1/gifts/{gift['id']}/renders")["results"]
        failures = [gift["failure"], *(render["failure"] for render in renders)]
        return next((failure["detail"] for failure in failures if failure), "no failure is known")


def _problem(response: urllib3.BaseHTTPResponse) -> str:
    try:
        problem = response.json()
        errors = [f"{error['field']}: {error['detail']}" for error in problem["errors"]]
        return "; ".join(errors) or str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        return "no reason given"


@contextmanager
def shop_window(folder: Path) -> Iterator[str]:
    """Show the pictures in `folder` on the shop's own site, and yield its address."""
    with ThreadingHTTPServer((HOST, 0), partial(_Window, directory=folder)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://{HOST}:{server.server_port}"
        finally:
            server.shutdown()


class _Window(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing: the terminal belongs to the walk."""
