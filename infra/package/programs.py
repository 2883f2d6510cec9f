"""Runs the programs that a package is made with: git, pip, collectstatic, compileall."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.stages import PROJECT, DeployError


def run(command: Sequence[str], failed: str, *, env: Mapping[str, str] | None = None, cwd: Path = PROJECT) -> str:
    """What it said. Raises DeployError with `failed` and the program's last line."""
    try:
        done = subprocess.run(command, env=env, cwd=cwd, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise DeployError(f"{failed}: {command[0]} is not installed") from None
    if done.returncode:
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()] or ["it gave no reason"]
        raise DeployError(f"{failed}: {said[-1].strip()[:300]}")
    return done.stdout
