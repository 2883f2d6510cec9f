"""The commands of `infra/` as a developer runs them: processes of their own."""

import subprocess
import sys

from infra.stages import PROJECT
from tests.infra.account import environment

Ended = subprocess.CompletedProcess[str]


def run(command: str, *arguments: str, url: str, stdin: str = "", stage: str = "dev", **more: str) -> Ended:
    """`python -m infra.{command}` against the AWS at `url`."""
    return subprocess.run(
        [sys.executable, "-m", f"infra.{command}", "--stage", stage, *arguments],
        cwd=PROJECT,
        env={**environment(url), **more},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


def red_line(ended: Ended) -> str:
    """The one line on stderr of a command that failed as it should."""
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert ended.stderr.endswith("\n")
    assert ended.stderr.count("\n") == 1, ended.stderr
    return ended.stderr.strip()
