"""Starts the stand-in: `python -m local.sendgrid --port P --data DIR`; the environment carries its keys."""

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from local.sendgrid.endpoints import Endpoints
from local.sendgrid.events import EventFeed
from local.sendgrid.keys import load_private_key
from local.sendgrid.mailbox import Mailbox
from local.sendgrid.server import SendGridServer


def main() -> None:
    """Serve on loopback until SIGTERM or SIGINT. Prints `listening PORT` once it accepts calls."""
    parser = argparse.ArgumentParser(prog="python -m local.sendgrid", description="A SendGrid for one machine.")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
    parser.add_argument("--data", type=Path, required=True, help="folder that keeps the mails")
    options = parser.parse_args()
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, _stop)
    api_key = os.environ.get("SENDGRID_API_KEY") or sys.exit("SENDGRID_API_KEY is not set")
    try:
        mailbox = Mailbox(options.data)
        feed = _make_feed(mailbox)
        server = SendGridServer(options.port, Endpoints(api_key, mailbox, feed))
    except (OSError, OverflowError, ValueError) as error:
        sys.exit(f"cannot start the SendGrid stand-in: {error}")
    if feed is not None:
        feed.start()
    with server:
        print(f"listening {server.server_port}", flush=True)
        server.serve_forever()


def _make_feed(mailbox: Mailbox) -> EventFeed | None:
    """The event webhook, if one is configured: the URL alone decides, as in SendGrid's console."""
    url = os.environ.get("SENDGRID_WEBHOOK_URL")
    if not url:
        return None
    if not url.startswith(("http://", "https://")):
        raise ValueError("SENDGRID_WEBHOOK_URL must begin with http:// or https://")
    try:
        private_key = load_private_key(os.environ.get("SENDGRID_WEBHOOK_PRIVATE_KEY", ""))
    except ValueError as error:
        raise ValueError(f"SENDGRID_WEBHOOK_PRIVATE_KEY is {error}") from None
    return EventFeed(url, private_key, mailbox)


def _stop(_signum: int, _frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    main()
