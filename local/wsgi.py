"""Serves a WSGI application on loopback until SIGTERM."""

import signal
import sys
from collections.abc import Callable, Iterable
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import create_server

from local.ports import HOST
from local.terminal import fail, say


class _Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress is not typed
    """boto3 expects `100 Continue` also before an empty body, for whose bytes waitress would then wait for ever.

    waitress drops headers with an underscore, and AWS has one such.
    """

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus.replace(b"x-amz-sso_bearer_token", b"x-amz-sso-bearer-token"))
        if self.content_length == 0 and not self.chunked:
            self.expect_continue = False


class _Channel(HTTPChannel):  # type: ignore[misc]
    parser_class = _Parser


def serve(
    application: Callable[..., Iterable[bytes]],
    *,
    port: int,
    threads: int,
    ready: Callable[[int], None] = lambda _port: None,
    **adjustments: Any,
) -> None:
    """Serve until SIGTERM or Ctrl-C, saying `listening PORT` first; port 0 takes a free one, which `ready` is told."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server = create_server(application, host=HOST, port=port, threads=threads, **adjustments)
    except OSError as error:
        fail(f"port {port}: {error.strerror}")
    server.channel_class = _Channel
    ready(server.effective_port)
    say(f"listening {server.effective_port}")
    server.run()  # returns on SystemExit and KeyboardInterrupt, after the threads have ended
