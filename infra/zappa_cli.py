"""Zappa's command line, run as a program: what a developer would type, with the same session and region as ours."""

import re
import subprocess
import sys

from infra.aws import Aws
from infra.functions import Progress, published, running, wait_until_updated
from infra.stages import PROJECT, DeployError

QUIET = "--json"  # else it asks pypi.org for news about itself, each time
CRASH = "Oh no! An error occurred"  # then come a traceback, whose last line says it all, and an advertisement
REASON = re.compile(r"^(?:Error|[\w.]+(?:Error|Exception)): .+")


def zappa(aws: Aws, *arguments: str, progress: Progress) -> None:
    """Run it to its end and show what it says. Raises DeployError with its reason if it fails."""
    command = [sys.executable, "-m", "zappa.cli", *arguments, QUIET]
    lines: list[str] = []
    has_crashed = False
    with subprocess.Popen(
        command,
        cwd=PROJECT,
        env={**aws.child_environment(), "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            words = line.rstrip()
            has_crashed |= words.startswith(CRASH)
            if words:
                lines.append(words)
                if not has_crashed:
                    progress(f"  {words}")
    if process.returncode:
        reasons = [line for line in lines if REASON.match(line)] or lines or ["it said nothing"]
        raise DeployError(f"zappa {arguments[0]} failed: {reasons[-1][:300]}")


def roll_back(aws: Aws, versions: int, progress: Progress) -> None:
    """Have the function run what it ran that many published versions ago.

    Raises DeployError if it does not: Zappa says "Done!" and ends well even where it could not fetch the old code.
    """
    function = aws.stage.function
    wanted = published(aws, function)[versions].sha256
    zappa(aws, "rollback", aws.stage.name, "-n", str(versions), progress=progress)
    wait_until_updated(aws, function)
    code = running(aws, function)
    if code is None or code.sha256 != wanted:
        raise DeployError(f"{function} does not run its earlier version after zappa rollback: see make logs")
