"""A stored file read by small ranges, so that a film of 500 MB is judged by a few kilobytes."""

from collections.abc import Callable

from api.media.refusals import RefusedFileError, truncated

Fetch = Callable[[int, int], bytes]  # start, length

WINDOW = 4 * 1024
MOST_REQUESTS = 40
MOST_BYTES = 256 * 1024


class StoredFile:
    """Never asks twice for bytes it has, and never for more than its budget."""

    def __init__(self, size: int, fetch: Fetch) -> None:
        self.size = size
        self._fetch = fetch
        self._windows: list[tuple[int, bytes]] = []

    def read(self, start: int, length: int) -> bytes:
        """Exactly these bytes; a file that ends before them is refused as truncated."""
        if start + length > self.size:
            raise truncated("The file ends in the middle of its structure.")
        for first, window in self._windows:
            if first <= start and start + length <= first + len(window):
                return window[start - first : start - first + length]
        return self._ask(start, length)[:length]

    def head(self, length: int) -> bytes:
        return self.read(0, min(length, self.size))

    def tail(self, length: int) -> bytes:
        start = max(0, self.size - length)
        return self.read(start, self.size - start)

    def number(self, start: int, length: int) -> int:
        """A big-endian unsigned integer."""
        return int.from_bytes(self.read(start, length))

    def _ask(self, start: int, length: int) -> bytes:
        length = min(max(length, WINDOW), self.size - start)
        spent = sum(len(window) for _, window in self._windows)
        if len(self._windows) >= MOST_REQUESTS or spent + length > MOST_BYTES:
            raise RefusedFileError("unreadable", "The file's structure is too scattered to be checked.")
        window = self._fetch(start, length)
        if len(window) < length:
            raise truncated("The file is shorter than it says.")
        self._windows.append((start, window))
        return window
