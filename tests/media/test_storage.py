"""Django's file storage asks S3 as the rest does: a bucket that hangs holds up no request beyond its time."""

import socket

import pytest
from botocore.config import Config
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from api.exceptions import BackendError
from api.media import bucket
from api.media.storage import MediaStorage

TOLD = ["connect_timeout", "read_timeout", "retries", "signature_version", "s3"]


def test_it_waits_and_signs_as_the_bucket_does() -> None:
    ours = default_storage.connection.meta.client.meta.config  # type: ignore[attr-defined]

    assert {name: getattr(ours, name) for name in TOLD} == {
        name: getattr(bucket.client().meta.config, name) for name in TOLD
    }


def test_a_bucket_that_takes_connections_and_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        storage = MediaStorage(
            bucket_name=settings.MEDIA_BUCKET,
            endpoint_url=f"http://127.0.0.1:{mute.getsockname()[1]}",
            client_config=bucket.config().merge(Config(read_timeout=0.2)),
        )
        with pytest.raises(BackendError), bucket.translated("put_object"):
            storage.save("a", ContentFile(b"a"))
        with pytest.raises(BackendError), bucket.translated("get_object"):
            storage.open("a").read()
