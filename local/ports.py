"""TCP ports of this machine's loopback."""

import secrets
import socket

HOST = "127.0.0.1"


# Below those that systems give to whoever connects, and to whoever listens on port 0.
FIRST, BEYOND = 20_000, 32_000


def free_port() -> int:
    """A port that nobody uses now, and that no connection is given before the caller listens on it."""
    while not is_free(port := FIRST + secrets.randbelow(BEYOND - FIRST)):
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
