"""Installs packages of Debian, where that may be done."""

import os
import shutil
import subprocess

from local.errors import LocalError
from local.terminal import say


def may_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(package: str) -> None:
    """Raises LocalError with apt-get's own reason."""
    say(f"Installing Debian's {package} …")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", package]):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            raise LocalError(f"{' '.join(command)} failed: {''.join(reason)}")
