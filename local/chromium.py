"""Finds a Chromium for the browser tests; installs Debian's where that may be done."""

import os
import shutil
import sys
from pathlib import Path

from local.debian import install, may_install
from local.errors import LocalError
from local.terminal import fail, say, step

COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_APPLICATIONS = (
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
)


def chromium_path() -> Path:
    """The browser to drive: CHROMIUM if set, else the first one found, else Debian's, installed when run as root."""
    chosen = os.environ.get("CHROMIUM")
    if chosen:
        if not os.access(chosen, os.X_OK):
            raise LocalError(f"CHROMIUM={chosen} is not a program: set it to the path of Chromium or Chrome")
        return Path(chosen)
    found = _find()
    if found is None and may_install():
        with step("Chromium"):
            install("chromium")
        found = _find()
    if found is None:
        raise LocalError(f"The browser tests need Chromium: {_remedy()}, or set CHROMIUM=/path/to/chromium")
    return found


def _find() -> Path | None:
    commands = [Path(path) for name in COMMANDS if (path := shutil.which(name))]
    applications = [path for path in MAC_APPLICATIONS if os.access(path, os.X_OK)]
    return next(iter(commands + applications), None)


def _remedy() -> str:
    return "brew install --cask chromium" if sys.platform == "darwin" else "sudo apt-get install chromium"


def main() -> None:
    try:
        say(str(chromium_path()))
    except LocalError as error:
        fail(str(error))


if __name__ == "__main__":
    main()
