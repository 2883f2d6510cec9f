"""`make code`: what the seeded founder's phone would show now, to sign in to the admin that runs on this machine."""

import argparse
import json
import time
from pathlib import Path

from local.run import GATEWAY_HOME, HOME
from local.terminal import fail, say
from local.totp import code_at


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.code", description=__doc__)
    parser.add_argument("--home", type=Path, help="where everything is kept; else of what was started last")
    arguments = parser.parse_args()
    homes = [arguments.home] if arguments.home else [HOME, GATEWAY_HOME]
    running = [file for home in homes if (file := home / "run.json").is_file()]
    if not running:
        fail("Nothing runs here: start it by `make run` or `make gateway`.")
    newest = max(running, key=lambda file: file.stat().st_mtime)
    say(code_at(json.loads(newest.read_text())["admin_totp_secret"], time.time()))


if __name__ == "__main__":
    main()
