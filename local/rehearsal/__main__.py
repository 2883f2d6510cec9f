"""`python -m local.rehearsal`: dev's whole life in one account, production's beginning in another."""

import argparse
import shutil
import tempfile
import time
from pathlib import Path

from infra.stages import PROJECT, stage_called
from local.chromium import chromium_path
from local.errors import LocalError
from local.rehearsal.account import Account
from local.rehearsal.releases import Checkout
from local.rehearsal.story import rehearse_dev, rehearse_production
from local.signals import heard_once, obey_signals
from local.terminal import fail, say

HOME = PROJECT / ".local" / "rehearsal"
ALIAS = "gifts.giftflick.example"


def rehearse(home: Path, stages: list[str]) -> None:
    """Raises LocalError with the first thing that is not as it must be; `home` keeps all logs until the next time."""
    chromium_path()  # what cannot be had is told before anything starts
    shutil.rmtree(home, ignore_errors=True)
    for name in stages:
        obey_signals()
        say(f"\n{name}")
        with tempfile.TemporaryDirectory(prefix="giftflick-") as folder:
            (home / name / "log").mkdir(parents=True)
            with Account(home / name, stage_called(name), ALIAS) as account, heard_once():
                if name == "dev":
                    rehearse_dev(account, lambda: Checkout(Path(folder) / "checkout"))
                else:
                    rehearse_production(account)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.rehearsal", description=__doc__)
    parser.add_argument("--home", type=Path, default=HOME, help="where logs are kept")
    parser.add_argument("stages", nargs="*", default=["dev", "production"], help="dev and production")
    arguments = parser.parse_args()
    started = time.monotonic()
    try:
        rehearse(arguments.home.absolute(), arguments.stages)
    except KeyboardInterrupt:
        fail("The rehearsal was interrupted.")
    except (LocalError, OSError) as error:
        fail(f"{error} (logs in {arguments.home})")
    say(f"\nRehearsed in {time.monotonic() - started:.0f} s.")


if __name__ == "__main__":
    main()
