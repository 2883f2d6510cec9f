"""`python -m local.gateway --logs FOLDER`: the site as AWS runs it, as the environment says; says `listening PORT`."""

import argparse
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

from local.errors import LocalError
from local.gateway.authorizer import KEEP_S, Authorizer
from local.gateway.functions import COPIES, authorizer, site
from local.gateway.server import Gateway
from local.gateway.static import find_static
from local.terminal import fail, say


def serve(logs: Path, *, port: int, copies: int, keep_s: float) -> None:
    """Until SIGTERM or Ctrl-C."""
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with site(os.environ, logs, copies=copies) as function, authorizer(os.environ, logs) as gatekeeper:
        with ThreadPoolExecutor(2) as pool:
            for started in [pool.submit(function.start), pool.submit(gatekeeper.start)]:
                started.result()
        with Gateway(function, Authorizer(gatekeeper, keep_s=keep_s), port=port, find_static=find_static) as gateway:
            say(f"listening {gateway.port}")
            stopping.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.gateway", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--logs", type=Path, required=True, help="the folder for what the functions say")
    parser.add_argument("--copies", type=int, default=COPIES, help="how many requests run at the same time (2)")
    parser.add_argument("--keep", type=float, default=KEEP_S, help="seconds that the authorizer's word is kept (45)")
    arguments = parser.parse_args()
    try:
        serve(arguments.logs, port=arguments.port, copies=arguments.copies, keep_s=arguments.keep)
    except (LocalError, OSError) as error:
        fail(str(error))


if __name__ == "__main__":
    main()
