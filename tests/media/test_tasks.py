"""What the sweeps remove, and what a crash leaves for them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Account
from api.exceptions import InvalidStateError
from api.gifts.models import GiftMedia
from api.media import bucket, services
from api.media.models import Upload
from api.media.selectors import ready_uploads
from api.media.states import EDGES, OVER, UploadStatus
from api.media.tasks import sweep_old, sweep_unfinished
from tests.media.conftest import bucket_away, complete, declare, is_clean, put_parts, row, upload

DAY = timedelta(days=1)
JPEG = "image/jpeg"


def in_days(days: float) -> datetime:
    return timezone.now() + days * DAY


def test_unfinished_upload_expires_with_its_parts(api: APIClient, samples: dict[str, bytes]) -> None:
    opened = declare(api, samples["photo.jpg"], JPEG)
    put_parts(opened, samples["photo.jpg"])

    assert sweep_unfinished(in_days(0.99)) == 0
    assert row(opened["id"]).status == UploadStatus.PENDING
    assert sweep_unfinished(in_days(1.01)) == 1
    assert sweep_unfinished(in_days(1.02)) == 0

    record = row(opened["id"])
    assert (record.status, is_clean(record)) == (UploadStatus.EXPIRED, True)
    response = complete(api, opened["id"], [])
    assert (response.status_code, response.json()["code"]) == (409, "invalid_state")


def test_ready_upload_expires_after_90_days(api: APIClient, samples: dict[str, bytes]) -> None:
    ready = upload(api, samples["photo.jpg"], JPEG)

    assert sweep_unfinished(in_days(100)) == 0
    assert sweep_old(in_days(89.9)) == 0
    assert row(ready["id"]).status == UploadStatus.READY
    assert sweep_old(in_days(90.1)) == 1

    assert api.get(f"/v1/uploads/{ready['id']}").json()["status"] == "expired"
    assert is_clean(row(ready["id"]))


def test_sweep_takes_no_more_than_its_limit(api: APIClient) -> None:
    for _ in range(3):
        declare(api, b"x", JPEG)

    assert [sweep_unfinished(in_days(2), limit=2) for _ in range(3)] == [2, 1, 0]


@pytest.mark.parametrize("status", sorted(OVER))
def test_sweep_finishes_a_removal_that_was_cut_short(api: APIClient, samples: dict[str, bytes], status: str) -> None:
    ready = upload(api, samples["photo.jpg"], JPEG)
    record = row(ready["id"])
    Upload.objects.filter(pk=record.pk).update(status=status)

    assert sweep_unfinished(timezone.now()) == 1
    assert sweep_unfinished(timezone.now()) == 0

    assert is_clean(record)
    assert Upload.objects.filter(pk=record.pk).exists() == (status != UploadStatus.DELETED)


def test_deletion_holds_while_the_bucket_is_away_and_is_finished_later(
    api: APIClient, samples: dict[str, bytes]
) -> None:
    ready = upload(api, samples["photo.jpg"], JPEG)
    record = row(ready["id"])

    with bucket_away():
        assert api.delete(f"/v1/uploads/{ready['id']}").status_code == 204
        assert api.get(f"/v1/uploads/{ready['id']}").status_code == 404
        assert sweep_unfinished(timezone.now()) == 0
    assert bucket.look_at(record.key) is not None

    assert sweep_unfinished(timezone.now()) == 1
    assert is_clean(record)
    assert not Upload.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_sweeps_at_once_do_no_harm(api: APIClient) -> None:
    for _ in range(5):
        declare(api, b"x", JPEG)

    def sweep(_number: int) -> int:
        try:
            return sweep_unfinished(in_days(2))
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(sweep, range(2)))

    assert {record.status for record in Upload.objects.all()} == {UploadStatus.EXPIRED}
    assert not Upload.objects.filter(removed_at=None).exists()


def test_late_completion_cannot_revive_an_expired_upload(api: APIClient, samples: dict[str, bytes]) -> None:
    """The completion read the row before the sweep wrote it."""
    opened = declare(api, samples["photo.jpg"], JPEG)
    put_parts(opened, samples["photo.jpg"])
    read_before = row(opened["id"])
    sweep_unfinished(in_days(2))

    with pytest.raises(InvalidStateError):
        services.complete_upload(read_before, receipts=[], now=timezone.now())

    assert row(opened["id"]).status == UploadStatus.EXPIRED


def test_late_refusal_cannot_spoil_a_ready_upload(api: APIClient, samples: dict[str, bytes]) -> None:
    opened = declare(api, samples["photo.jpg"], JPEG)
    receipts = put_parts(opened, samples["photo.jpg"])
    read_before = row(opened["id"])
    complete(api, opened["id"], receipts)

    assert services.complete_upload(read_before, receipts=[], now=timezone.now()).status == UploadStatus.READY


def test_only_the_accounts_ready_uploads_may_stand_in_a_gift(
    api: APIClient, test_api: APIClient, other_api: APIClient, account: Account, samples: dict[str, bytes]
) -> None:
    ready = upload(api, samples["photo.jpg"], JPEG)
    others = [upload(client, samples["photo.jpg"], JPEG) for client in (test_api, other_api)]
    pending = declare(api, samples["photo.jpg"], JPEG)
    ids = [row(each["id"]).pk for each in [ready, pending, *others]]

    with transaction.atomic():
        found = ready_uploads(account.pk, livemode=True, ids=ids)

    assert {str(pk) for pk in found} == {ready["id"]}


@pytest.mark.django_db(transaction=True)
def test_upload_being_put_into_a_gift_is_not_deleted_meanwhile(
    api: APIClient, account: Account, samples: dict[str, bytes], make_gift: Any
) -> None:
    record = row(upload(api, samples["photo.jpg"], JPEG)["id"])
    gift = make_gift()

    def delete() -> str:
        try:
            services.delete_upload(record, now=timezone.now())
        except InvalidStateError as refusal:
            return refusal.code
        finally:
            connection.close()
        return "deleted"

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            found = ready_uploads(account.pk, livemode=True, ids=[record.pk])
            deletion = pool.submit(delete)
            GiftMedia.objects.create(gift=gift, upload=found[record.pk], position=0)
        assert deletion.result() == "in_use"

    assert bucket.look_at(record.key) is not None


def test_every_edge_between_states() -> None:
    """What is over stays over, and nothing leads back."""
    assert set(EDGES) == set(UploadStatus)
    for source, targets in EDGES.items():
        assert source not in targets
        assert UploadStatus.PENDING not in targets
        if source in OVER:
            assert targets <= {UploadStatus.DELETED}
