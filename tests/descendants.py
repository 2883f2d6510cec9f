"""The processes below another, some of which end while one looks at them."""

from collections.abc import Callable
from contextlib import suppress

import psutil


def descendants(of: psutil.Process, where: Callable[[psutil.Process], object]) -> list[psutil.Process]:
    """Those that `where` is true of, without any that has ended meanwhile; a dead one tells its files to nobody."""
    found = []
    for child in of.children(recursive=True):
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if where(child):
                found.append(child)
    return found
