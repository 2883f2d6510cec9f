"""The local AWS keeps what it was given, however it ends."""

import signal
from pathlib import Path

import psutil

from local.aws.identities import MEDIA_BUCKET
from local.aws.seed import seed
from tests.descendants import descendants
from tests.local.aws.harness import PART, client, start_aws


def test_objects_survive_sigkill_and_deleted_ones_stay_deleted(tmp_path: Path) -> None:
    process, url = start_aws(tmp_path)
    try:
        s3 = client("s3", url, seed(url).app)
        film = {"Bucket": MEDIA_BUCKET, "Key": "renders/Käthe.mp4"}
        s3.put_object(**film, Body=b"first")
        s3.put_object(**film, Body=PART, ContentType="video/mp4", Metadata={"gift": "1"}, CacheControl="no-store")
        s3.put_object(Bucket=MEDIA_BUCKET, Key="uploads/one", Body=b"x")
        s3.put_object(Bucket=MEDIA_BUCKET, Key="uploads/two", Body=b"x")
        s3.put_object(Bucket=MEDIA_BUCKET, Key="uploads/empty", Body=b"")
        s3.delete_object(Bucket=MEDIA_BUCKET, Key="uploads/one")
        s3.delete_objects(Bucket=MEDIA_BUCKET, Delete={"Objects": [{"Key": "uploads/two"}]})
        before = s3.head_object(**film)
        for server in descendants(psutil.Process(), lambda child: str(tmp_path / "data") in child.cmdline()):
            server.send_signal(signal.SIGKILL)
    finally:
        process.stop()

    process, url = start_aws(tmp_path)
    try:
        s3 = client("s3", url, seed(url).app)
        after = s3.get_object(**film)

        assert after["Body"].read() == PART
        for name in ("ETag", "LastModified", "ContentType", "ContentLength", "Metadata", "CacheControl"):
            assert after[name] == before[name]
        kept = s3.list_objects_v2(Bucket=MEDIA_BUCKET)["Contents"]
        assert [(one["Key"], one["Size"]) for one in kept] == [("renders/Käthe.mp4", len(PART)), ("uploads/empty", 0)]
        assert len(list((tmp_path / "data" / "s3" / "bodies").iterdir())) == 2
    finally:
        process.stop()
