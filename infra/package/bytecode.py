"""Bytecode that is read without a look at its source: a zip's dates make any other kind stale."""

import os
import sys
from pathlib import Path

from infra.package.programs import run

TASK_ROOT = "/var/task"  # where Lambda unpacks a function, so where tracebacks shall point


def compile_tree(folder: Path) -> None:
    """Compile all of `folder` anew, to the same bytes each time. Raises DeployError, naming what does not compile."""
    options = ["-q", "-f", "--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", TASK_ROOT]
    run(
        [sys.executable, "-m", "compileall", *options, str(folder)],
        "a file of the package does not compile",
        env={"PATH": os.defpath, "PYTHONHASHSEED": "0"},  # else sets of constants come in another order each time
    )
