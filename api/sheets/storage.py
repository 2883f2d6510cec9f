"""Where sheets lie between two requests: in the bucket, which every process reaches. The bucket forgets them in a week.

Nothing here may be called inside a transaction. Whatever goes wrong is a BackendError.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import IO, BinaryIO, cast
from uuid import UUID

from django.core.files.base import File
from django.core.files.storage import default_storage

from api.media import bucket
from api.sheets.refusals import SheetRefusedError
from api.sheets.states import SheetFormat
from api.sheets.writing import CONTENT_TYPES

IMPORTS = "imports/"
EXPORTS = "exports/"
PUT_WITHIN = timedelta(minutes=15)


def import_key(sheet_id: UUID) -> str:
    return f"{IMPORTS}{sheet_id}"


def export_key(export_id: UUID, sheet_format: SheetFormat) -> str:
    return f"{EXPORTS}{export_id}.{sheet_format}"


def keep(key: str, file: IO[bytes]) -> None:
    """Writes over what is there: a job that runs twice writes the same file twice."""
    file.seek(0)
    with bucket.translated("put_object"):
        default_storage.save(key, File(file, name=key))


@contextmanager
def opened(key: str) -> Iterator[BinaryIO]:
    """On disk beyond two megabytes. Raises SheetRefusedError if it is not there any more."""
    if bucket.look_at(key) is None:
        raise SheetRefusedError("The file is not there any more: files are kept for seven days. Upload it again.")
    with bucket.translated("get_object"):
        file = default_storage.open(key, "rb")
        fetched = file.file  # by being asked for
    with file:
        yield cast("BinaryIO", fetched)


def put_address(key: str, size: int) -> str:
    """Where a browser may put exactly `size` bytes."""
    return bucket.presigned_put(key, length=size, expires_in=PUT_WITHIN)


def size_of(key: str) -> int | None:
    found = bucket.look_at(key)
    return None if found is None else found.size


def download_address(key: str, *, name: str, sheet_format: SheetFormat, lives: timedelta) -> str:
    """A link that saves the file under `name`, which names nobody."""
    return bucket.presigned_get(key, expires_in=lives, name=name, content_type=CONTENT_TYPES[sheet_format])


def forget(*keys: str) -> None:
    bucket.delete(*keys)
