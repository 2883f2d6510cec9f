"""Keeps moto's S3 on disk: what a call has written is there again after a restart, however the server ended.

Bodies are files, everything else is a row in one SQLite index, which is the truth: a file without a row is rubbish.
moto then reads a stored body from its file, so nothing is held twice. Not kept: unfinished multipart uploads, versions,
tags, and a bucket's configuration, which the seed sets again.
"""

import json
import sqlite3
import threading
import uuid
from datetime import datetime
from pathlib import Path

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import FakeKey, S3Backend, s3_backends

SCHEMA = """
CREATE TABLE IF NOT EXISTS buckets (name TEXT PRIMARY KEY, region TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS objects (
    bucket TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL UNIQUE, size INTEGER NOT NULL, etag TEXT NOT NULL,
    modified TEXT NOT NULL, metadata TEXT NOT NULL, PRIMARY KEY (bucket, name)
);
"""


class StoredBody:
    """A body that lies in a file: the part of a file's interface that moto uses on an object's buffer."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = 0

    def seek(self, position: int) -> None:
        self._position = position

    def read(self, size: int = -1) -> bytes:
        with self._path.open("rb") as file:
            file.seek(self._position)
            data = file.read(size)
        self._position += len(data)
        return data

    def close(self) -> None:
        """Keep the file: only the index decides whether an object is gone."""


class ObjectStore:
    """The buckets and objects of moto's S3 that are kept in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._bodies = folder / "bodies"
        self._bodies.mkdir(parents=True, exist_ok=True)
        self._index = sqlite3.connect(folder / "index.sqlite", check_same_thread=False, isolation_level=None)
        self._index.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; {SCHEMA}")
        self._lock = threading.Lock()

    def load(self) -> int:
        """Fill moto with what is stored and return the number of objects; bodies stay on disk until they are read."""
        s3 = _s3()
        for name, region in self._index.execute("SELECT name, region FROM buckets"):
            s3.create_bucket(name, region)
        known = {path.name for path in self._bodies.iterdir()}
        rows = self._index.execute("SELECT bucket, name, body, size, etag, modified, metadata FROM objects").fetchall()
        for bucket, name, body, size, etag, modified, metadata in rows:
            if body not in known:  # lost in a power cut
                self._forget(bucket, name)
                continue
            key = s3.put_object(bucket, name, b"", etag=etag, disable_notification=True)
            key.set_metadata(json.loads(metadata))
            key.last_modified = datetime.fromisoformat(modified)
            key.contentsize = size
            _read_from_disk(key, self._bodies / body)
        for orphan in known - {row[2] for row in rows}:
            (self._bodies / orphan).unlink()
        return len(rows)

    def record(self, bucket: str, name: str | None) -> None:
        """Store what moto now holds of an object, or of a bucket: whatever it is after the call that touched it."""
        with self._lock:
            held = _s3().buckets.get(bucket)
            if held is None:
                for (gone,) in self._index.execute("SELECT name FROM objects WHERE bucket = ?", [bucket]).fetchall():
                    self._forget(bucket, gone)
                self._index.execute("DELETE FROM buckets WHERE name = ?", [bucket])
                return
            self._index.execute("INSERT OR IGNORE INTO buckets VALUES (?, ?)", [bucket, held.region_name])
            names = [name] if name is not None else self._stored_names(bucket)
            for one in names:
                key = held.keys.get(one)
                if not isinstance(key, FakeKey):
                    self._forget(bucket, one)
                elif not _is_on_disk(key):
                    self._keep(bucket, key)

    def close(self) -> None:
        self._index.close()

    def _keep(self, bucket: str, key: FakeKey) -> None:
        path = self._bodies / uuid.uuid4().hex
        path.write_bytes(key.value)
        row = [bucket, key.name, path.name, key.size, key.etag.strip('"'), key.last_modified.isoformat()]
        previous = self._body_of(bucket, key.name)
        self._index.execute(
            "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?, ?)", [*row, json.dumps(dict(key.metadata))]
        )
        _read_from_disk(key, path)
        if previous is not None:
            previous.unlink(missing_ok=True)

    def _forget(self, bucket: str, name: str) -> None:
        body = self._body_of(bucket, name)
        self._index.execute("DELETE FROM objects WHERE bucket = ? AND name = ?", [bucket, name])
        if body is not None:
            body.unlink(missing_ok=True)

    def _body_of(self, bucket: str, name: str) -> Path | None:
        found = self._index.execute("SELECT body FROM objects WHERE bucket = ? AND name = ?", [bucket, name]).fetchone()
        return None if found is None else self._bodies / found[0]

    def _stored_names(self, bucket: str) -> list[str]:
        return [name for (name,) in self._index.execute("SELECT name FROM objects WHERE bucket = ?", [bucket])]


# moto has no other door to where an object keeps its bytes.
def _is_on_disk(key: FakeKey) -> bool:
    return isinstance(key._value_buffer, StoredBody)  # noqa: SLF001


def _read_from_disk(key: FakeKey, path: Path) -> None:
    """Let moto read the body from its file, and drop what it holds itself, the parts of an upload included."""
    with key.lock:
        key._value_buffer.close()  # noqa: SLF001
        key._value_buffer = StoredBody(path)  # type: ignore[assignment]  # noqa: SLF001
        if key.multipart is not None:
            key.multipart.dispose()


def _s3() -> S3Backend:
    return s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
