"""How a command of this folder is told to stop: Ctrl-C, SIGTERM and a closed terminal are all the same."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def obey_signals() -> None:
    """Have each raise KeyboardInterrupt, Ctrl-C also where a shell switched it off for a command in the background."""
    for number in STOPPING:
        signal.signal(number, signal.default_int_handler)


@contextmanager
def heard_once() -> Iterator[None]:
    """Ignore them from the end of the block on: a second Ctrl-C would cut the stopping short."""
    try:
        yield
    finally:
        for number in STOPPING:
            signal.signal(number, signal.SIG_IGN)


@contextmanager
def deaf_children() -> Iterator[None]:
    """What is started in the block does not hear Ctrl-C, which a terminal says to everybody: it is ours to stop."""
    heard_by = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, heard_by)
