"""How the commands of this folder speak to whoever runs them: progress lines, and one red line when something fails."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn, TextIO

RED, GREEN, DIM = "31", "32", "2"


def say(text: str) -> None:
    """Print a line at once, also into a pipe."""
    print(text, flush=True)


@contextmanager
def step(what: str, progress: Callable[[str], None] = say) -> Iterator[None]:
    """Report `what` with the seconds it took, once it is done; nothing when it raises."""
    started = time.monotonic()
    yield
    seconds = time.monotonic() - started
    progress(f"{painted('✓', GREEN)} {what} {painted(f'{seconds:.1f} s', DIM)}")


def fail(text: str) -> NoReturn:
    """End the program with exit code 1 and `text` as one red line on stderr."""
    line = " ".join(text.split())
    print(painted(line, RED, stream=sys.stderr), file=sys.stderr, flush=True)
    sys.exit(1)


def painted(text: str, colour: str, stream: TextIO | None = None) -> str:
    """Colour `text` where `stream` (stdout) is a terminal and NO_COLOR is not set."""
    if os.environ.get("NO_COLOR") or not (stream or sys.stdout).isatty():
        return text
    return f"\x1b[{colour}m{text}\x1b[0m"
