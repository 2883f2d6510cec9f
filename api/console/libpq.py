"""PostgreSQL's own client library, by psycopg 3's wrapper: where a Lambda has it, and how its socket is watched."""

import ctypes.util
import importlib
import select
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from giftflick.database.logins import Login


@contextmanager
def _psycopg2s_libpq() -> Iterator[None]:
    """Have psycopg find the libpq that psycopg2 brings along: a Lambda has no other."""
    import psycopg2  # first, for it loads what its libpq needs

    package = Path(psycopg2.__file__).parent
    found = [*package.parent.glob("psycopg2_binary.libs/libpq*"), *package.glob(".dylibs/libpq.*")]
    find = ctypes.util.find_library

    def find_library(name: str) -> str | None:
        return str(found[0]) if found and name in {"pq", "libpq.dylib"} else find(name)

    ctypes.util.find_library = find_library
    try:
        yield
    finally:
        ctypes.util.find_library = find


def libpq() -> ModuleType:
    """psycopg 3's wrapper of libpq, imported when first asked for."""
    with _importing:
        if "psycopg.pq" not in sys.modules:
            with _psycopg2s_libpq():
                importlib.import_module("psycopg.pq")
        return sys.modules["psycopg.pq"]


_importing = threading.Lock()


def wait(fileno: int, until: float, *, is_writing: bool) -> bool:
    """Whether something came, or could be sent, in time."""
    reading, writing = ([], [fileno]) if is_writing else ([fileno], [])
    rest = until - time.monotonic()
    return rest > 0 and any(select.select(reading, writing, [], rest))


def received(socket_: socket.socket) -> int:
    """Bytes since the connection was made; 0 where the system does not tell, as on a Mac."""
    if not sys.platform.startswith("linux"):
        return 0
    told = socket_.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 136)
    return int(struct.unpack_from("Q", told, 128)[0])  # tcpi_bytes_received


def conninfo(login: Login, name: str) -> bytes:
    from psycopg.conninfo import make_conninfo

    return make_conninfo(
        host=login.host,
        port=login.port,
        dbname=login.dbname,
        user=login.username,
        password=login.password,
        sslmode=login.sslmode,
        application_name=name,
        client_encoding="UTF8",
    ).encode()
