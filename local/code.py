"""`make code`: what the seeded founder's phone would show now, to sign in to the local admin."""

import argparse
import json
import time
from pathlib import Path

from local.run import GATEWAY_HOME, HOME
from local.terminal import fail, say
from local.totp import code_at


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.code", description=__doc__)
    parser.add_argument("--gateway", action="store_true", help="of `make gateway`, not of `make run`")
    parser.add_argument("--home", type=Path, help="where everything is kept")
    arguments = parser.parse_args()
    file = (arguments.home or (GATEWAY_HOME if arguments.gateway else HOME)) / "run.json"
    if not file.is_file():
        fail(f"Nothing runs there: {file} is missing. Start it by `make run`.")
    say(code_at(json.loads(file.read_text())["admin_totp_secret"], time.time()))


if __name__ == "__main__":
    main()
