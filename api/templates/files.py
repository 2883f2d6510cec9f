"""A template's files: judged by their own bytes, and by their size, before anything is stored."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.utils.text import slugify

from api.exceptions import BackendError
from api.media import bucket
from api.media.accepted import MB
from api.media.refusals import RefusedFileError
from api.media.verification import verify_file

if TYPE_CHECKING:  # generic to mypy only
    File = UploadedFile[Any]
else:
    File = UploadedFile

# A form with its files goes through the function in one piece, which takes 4.5 MB of it.
LARGEST = 4 * MB


@dataclass(frozen=True)
class Kind:
    """A kind of file: how it begins (`at` bytes in), what it is called, and what its name ends with."""

    content_type: str
    suffix: str
    begins: tuple[bytes, ...]
    at: int = 0

    def fits(self, head: bytes) -> bool:
        return any(head[self.at :].startswith(begin) for begin in self.begins)


PICTURES = (
    Kind("image/jpeg", ".jpg", (b"\xff\xd8\xff",)),
    Kind("image/png", ".png", (b"\x89PNG\r\n\x1a\n",)),
    Kind("image/webp", ".webp", (b"WEBP",), at=8),
)
SOUNDS = (
    Kind("audio/mpeg", ".mp3", (b"ID3", b"\xff\xfb", b"\xff\xfa", b"\xff\xf3", b"\xff\xf2")),
    Kind("audio/mp4", ".m4a", (b"ftyp",), at=4),
    Kind("audio/wav", ".wav", (b"WAVE",), at=8),
)


def keep_files(files: Mapping[str, File]) -> dict[str, str | ValidationError]:
    """Each file's name in the storage, or what is wrong with it. Outside any transaction.

    Once the storage did not answer it is not asked for the others: what hangs would hang for each.
    """
    kept: dict[str, str | ValidationError] = {}
    away: BackendError | None = None
    for field, check in CHECKS.items():
        if (file := files.get(field)) is None:
            continue
        try:
            check(file)
            if away is not None:
                raise away
            kept[field] = store_file(file.name or "", file.read())
        except ValidationError as refusal:
            kept[field] = refusal
        except BackendError as error:
            away = error
            kept[field] = ValidationError(f"{file.name} could not be stored: {error.detail} Try again in a minute.")
    return kept


def store_file(name: str, content: bytes) -> str:
    """Named after what is in it, and uploaded only if the storage does not have it. Raises BackendError."""
    path = PurePath(name)
    digest = hashlib.sha256(content).hexdigest()[:16]
    key = f"templates/{slugify(path.stem)[:60] or 'file'}-{digest}{path.suffix}"
    with bucket.translated("put_object"):
        return key if default_storage.exists(key) else default_storage.save(key, ContentFile(content))


def check_picture(file: File) -> None:
    _check(file, PICTURES, "a JPEG, PNG or WebP picture")


def check_sound(file: File) -> None:
    _check(file, SOUNDS, "an MP3, M4A or WAV")


CHECKS: dict[str, Callable[[File], None]] = {"music": check_sound, "backdrop": check_picture, "preview": check_picture}


def _check(file: File, kinds: Sequence[Kind], wanted: str) -> None:
    """Raises ValidationError, in words for whoever chose the file. What is stored is named after what it is."""
    size = file.size or 0
    if size > LARGEST:
        raise ValidationError(f"{file.name} has {size / MB:.1f} MB; at most {LARGEST // MB} MB can be taken.")
    head = _read(file, 0, 16)
    kind = next((known for known in kinds if known.fits(head)), None)
    if kind is None:
        raise ValidationError(f"{file.name} is not {wanted}, whatever its name says.")
    try:
        verify_file(kind.content_type, size, lambda start, length: _read(file, start, length))
    except RefusedFileError as refusal:
        raise ValidationError(f"{file.name}: {refusal.detail}") from refusal
    file.seek(0)
    file.name = PurePath(file.name or "file").stem + kind.suffix
    file.content_type = kind.content_type


def _read(file: File, start: int, length: int) -> bytes:
    file.seek(start)
    return bytes(file.read(length))
