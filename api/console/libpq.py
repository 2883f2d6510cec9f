"""PostgreSQL's own client library, by psycopg 3's wrapper of it: where a Lambda has it, and when it is loaded."""

import ctypes.util
import importlib
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType


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
