"""TCP ports of this machine's loopback."""

import fcntl
import os
import secrets
import socket
import tempfile
from functools import cache
from pathlib import Path

HOST = "127.0.0.1"


# Below those that systems give to whoever connects, and to whoever listens on port 0.
FIRST, BEYOND = 20_000, 32_000

_ours: set[int] = set()


def free_port() -> int:
    """A port that nobody uses now, and that nobody is given before the caller listens on it.

    Neither a connection, nor who asks here, in this process or in another of the same user, while this one lives.
    """
    while not _reserve(port := FIRST + secrets.randbelow(BEYOND - FIRST)):
        pass
    return port


def is_free(port: int) -> bool:
    """Whether one can listen on `port` now; connections that are still closing do not matter."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _reserve(port: int) -> bool:
    if port in _ours or not is_free(port):
        return False
    try:
        fcntl.lockf(_register(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except (BlockingIOError, PermissionError):  # POSIX allows either
        return False
    _ours.add(port)
    return True


@cache
def _register() -> int:
    """An empty file of which a process locks a byte for each port; the locks go with the process."""
    file = Path(tempfile.gettempdir(), f"giftflick-{os.getuid()}.ports")
    return os.open(file, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
