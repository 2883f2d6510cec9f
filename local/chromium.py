"""Finds a Chromium for the browser tests; installs Debian's where that may be done."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

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
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        with step("Chromium"):
            _install()
        found = _find()
    if found is None:
        raise LocalError(f"The browser tests need Chromium: {_remedy()}, or set CHROMIUM=/path/to/chromium")
    return found


def _find() -> Path | None:
    commands = [Path(path) for name in COMMANDS if (path := shutil.which(name))]
    applications = [path for path in MAC_APPLICATIONS if os.access(path, os.X_OK)]
    return next(iter(commands + applications), None)


def _install() -> None:
    say("Installing Debian's chromium (about a minute) …")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", "chromium"]):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            raise LocalError(f"{' '.join(command)} failed: {''.join(reason)}")


def _remedy() -> str:
    return "brew install --cask chromium" if sys.platform == "darwin" else "sudo apt-get install chromium"


def main() -> None:
    try:
        say(str(chromium_path()))
    except LocalError as error:
        fail(str(error))


if __name__ == "__main__":
    main()
