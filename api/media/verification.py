"""Whether a stored file is what it was declared to be: by its size, and by the bytes themselves."""

from collections.abc import Callable

from api.media.formats.audio import check_mp3, check_wav
from api.media.formats.images import check_jpeg, check_png, check_webp
from api.media.formats.isomedia import check_audio, check_video
from api.media.formats.webm import check_webm
from api.media.reading import Fetch, StoredFile

CHECKS: dict[str, Callable[[StoredFile], None]] = {
    "video/mp4": check_video,
    "video/quicktime": check_video,
    "video/webm": check_webm,
    "image/jpeg": check_jpeg,
    "image/png": check_png,
    "image/webp": check_webp,
    "audio/mpeg": check_mp3,
    "audio/mp4": check_audio,
    "audio/wav": check_wav,
}


def verify_file(content_type: str, size: int, fetch: Fetch) -> None:
    """Raises RefusedFileError unless the file is whole and of this type. Reads at most 256 KB in at most 40 ranges."""
    CHECKS[content_type](StoredFile(size, fetch))
