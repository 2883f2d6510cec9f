"""Runs the renderer: `python -m local.renderer --port PORT`; what it may use comes from the environment."""

import argparse
import logging
import os
import signal
import sys
import tempfile
import threading
from pathlib import Path

from local.renderer.destinations import Credentials
from local.renderer.jobs import Jobs
from local.renderer.server import ApiKeys, Server


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.renderer", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="loopback port; 0, the default, takes a free one")
    port = parser.parse_args().port
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    keys = ApiKeys(stage=os.environ.get("RENDERER_SANDBOX_API_KEY"), v1=os.environ.get("RENDERER_API_KEY"))
    if not keys.stage and not keys.v1:
        sys.exit("renderer: set RENDERER_API_KEY, RENDERER_SANDBOX_API_KEY or both")
    with tempfile.TemporaryDirectory(prefix="renderer-", ignore_cleanup_errors=True) as folder:
        jobs = Jobs(Path(folder), _credentials())
        try:
            server = Server(port, jobs, keys)
        except OSError as error:
            sys.exit(f"renderer: cannot listen on port {port}: {error.strerror}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        jobs.start()
        print(f"listening {server.server_port}", flush=True)
        stop.wait()
        server.shutdown()
        jobs.stop()
        server.server_close()


def _credentials() -> Credentials:
    try:
        return Credentials(
            access_key_id=os.environ["RENDERER_AWS_ACCESS_KEY_ID"],
            secret_access_key=os.environ["RENDERER_AWS_SECRET_ACCESS_KEY"],
            endpoint_url=os.environ.get("AWS_ENDPOINT_URL") or None,
        )
    except KeyError as missing:
        sys.exit(f"renderer: {missing.args[0]} is not set")


if __name__ == "__main__":
    main()
