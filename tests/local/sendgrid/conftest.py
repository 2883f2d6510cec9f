"""Running stand-ins for the tests of this folder."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.local.sendgrid.service import PRIVATE_KEY, Posting, Receiver, Service


@pytest.fixture(scope="session")
def listening_receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(receiver.answer(Posting(dict(self.headers), body)))
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}/hooks/sendgrid"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()


@pytest.fixture
def receiver(listening_receiver: Receiver) -> Receiver:
    """The receiver of all events, knowing of none yet."""
    listening_receiver.forget()
    return listening_receiver


def settings_for(receiver: Receiver) -> dict[str, str]:
    return {"SENDGRID_WEBHOOK_URL": receiver.url, "SENDGRID_WEBHOOK_PRIVATE_KEY": PRIVATE_KEY}


@pytest.fixture
def start(tmp_path: Path, receiver: Receiver) -> Iterator[Callable[[], Service]]:
    """Starts the stand-in on the same folder each time, for tests that stop it."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(Service(tmp_path, **settings_for(receiver)))


@pytest.fixture(scope="session")
def running_service(tmp_path_factory: pytest.TempPathFactory, listening_receiver: Receiver) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("sendgrid"), **settings_for(listening_receiver)) as service:
        yield service


@pytest.fixture
def service(running_service: Service, receiver: Receiver) -> Service:
    """A stand-in with an empty mailbox whose events go to `receiver`."""
    running_service.call("DELETE", "/mailbox.json")
    return running_service


@pytest.fixture(scope="session")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A stand-in without an event webhook, its mailbox as the test before left it."""
    with Service(tmp_path_factory.mktemp("sendgrid")) as service:
        yield service
