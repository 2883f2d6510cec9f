"""The media bucket as Django's file storage, for what Django or a library writes or reads as a file."""

from typing import Any

from storages.backends.s3 import S3Storage  # noqa: TID253 - Django imports this module once a file is asked for

from api.media import bucket


class MediaStorage(S3Storage):  # type: ignore[misc]  # it has no types
    """It signs as `api.media.bucket` does, and waits as long for S3 and no longer."""

    def get_default_settings(self) -> dict[str, Any]:
        return {**super().get_default_settings(), "client_config": bucket.config()}
