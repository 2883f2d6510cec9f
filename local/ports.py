"""TCP ports of this machine's loopback."""

import socket

HOST = "127.0.0.1"


def free_port() -> int:
    """A port that nobody uses now; somebody else may take it before the caller does, who then asks again."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
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
