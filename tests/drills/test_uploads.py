"""A site or worker killed over an upload: calling again ends well, and nothing that is over stays in the bucket."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import urllib3
from rest_framework.test import APIClient

from accounts.models import Account
from accounts.services import issue_api_key
from api.gifts.models import Gift
from api.media import bucket
from api.media.models import Upload
from api.templates.models import Template
from tests import build
from tests.drills.drill import COMMIT, FINISH, MINUTE, Drill, assert_nothing_left
from tests.media.conftest import complete, declare, is_clean, problem, put_parts, row, upload
from tests.media.samples import picture
from tests.system import System

ABORT, JOIN, DELETE = (f"api.media.bucket.{name}" for name in ("abort_multipart", "complete_multipart", "delete"))
DISCARD = "api.gifts.services.ending.delete_untouched_draft"
DAY = timedelta(days=1)
JPEG = "image/jpeg"

COMPLETING = {
    "before the parts are joined": f"{JOIN}:call",
    "after the parts are joined": f"{JOIN}:return",
    "after the file is verified": "api.media.verification.verify_file:return",
    "after the outcome": "api.media.services.complete_upload:return",
}
DISCARDING = {
    "before the draft's end is committed": [f"{DISCARD}:call", COMMIT],
    "after the draft's end is committed": [f"{DISCARD}:return"],
    "before the upload's end is committed": ["api.media.services.delete_upload:call", COMMIT],
    "before the bytes are removed": [f"{DELETE}:call"],
    "after the bytes are removed": [f"{DELETE}:return"],
    "before the job is finished": [f"{FINISH}:call"],
}
REMOVING = [f"{ABORT}:call", f"{ABORT}:return", f"{DELETE}:return"]


@pytest.fixture
def upload_drill(
    transactional_db: None, system: System, account: Account, template: Template, now: datetime, tmp_path: Path
) -> "UploadDrill":
    _, key = issue_api_key(account, name="drill", livemode=False, created_by="tests", now=now)
    return UploadDrill(system, account, now, key, tmp_path / "site.log")


class UploadDrill(Drill):
    def __init__(self, system: System, account: Account, now: datetime, key: str, log: Path) -> None:
        super().__init__(system, account, now)
        self.api = APIClient(headers={"X-API-Key": key})
        self._key = key
        self._log = log

    def kill_completion(self, point: str, upload_id: str, receipts: list[dict[str, Any]]) -> None:
        """Its site dies before it has answered."""
        self.kill_site(
            point,
            call=lambda site: urllib3.request(
                "POST",
                f"{site}/v1/uploads/{upload_id}/complete",
                json={"parts": receipts},
                headers={"X-API-Key": self._key},
                retries=False,
                timeout=30,
            ),
            log=self._log,
        )


@pytest.fixture
def photo() -> bytes:
    return picture("JPEG")


@pytest.mark.parametrize("point", COMPLETING.values(), ids=COMPLETING)
def test_a_completion_that_was_killed_is_called_again_and_ends_well(
    point: str, upload_drill: UploadDrill, photo: bytes
) -> None:
    opened = declare(upload_drill.api, photo, JPEG)
    receipts = put_parts(opened, photo)

    upload_drill.kill_completion(point, opened["id"], receipts)
    answer = complete(upload_drill.api, opened["id"], receipts)

    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert bucket.read_range(row(opened["id"]).key, 0, len(photo) + 1) == photo


def test_a_completion_that_was_killed_and_is_never_called_again_leaves_nothing(
    upload_drill: UploadDrill, photo: bytes
) -> None:
    opened = declare(upload_drill.api, photo, JPEG)
    upload_drill.kill_completion(COMPLETING["after the parts are joined"], opened["id"], put_parts(opened, photo))
    assert bucket.look_at(row(opened["id"]).key) is not None

    upload_drill.tick(upload_drill.now + DAY + MINUTE)

    assert (row(opened["id"]).status, is_clean(row(opened["id"]))) == ("expired", True)


@pytest.mark.parametrize("point", [f"{DELETE}:call", f"{DELETE}:return"])
def test_a_refusal_that_was_killed_is_final_and_leaves_nothing(point: str, upload_drill: UploadDrill) -> None:
    content = b"no picture at all" * 10
    opened = declare(upload_drill.api, content, JPEG)
    receipts = put_parts(opened, content)

    upload_drill.kill_completion(point, opened["id"], receipts)
    again = complete(upload_drill.api, opened["id"], receipts)
    upload_drill.tick(upload_drill.now + MINUTE)

    assert problem(again) == (409, "invalid_state")
    assert (row(opened["id"]).status, is_clean(row(opened["id"]))) == ("refused", True)
    assert row(opened["id"]).removed_at is not None


@pytest.mark.parametrize("points", DISCARDING.values(), ids=DISCARDING)
def test_the_uploads_of_an_untouched_draft_go_wherever_the_worker_is_killed(
    points: list[str], upload_drill: UploadDrill, photo: bytes
) -> None:
    record = row(upload(upload_drill.api, photo, JPEG)["id"])
    build.draft(upload_drill.account, upload_drill.now, livemode=False, media=[record.pk])

    upload_drill.kill(*points, at=upload_drill.now + 30 * DAY + MINUTE)
    for minutes in (3, 4):
        upload_drill.tick(upload_drill.now + 30 * DAY + minutes * MINUTE)

    assert not Gift.objects.exists()
    assert not Upload.objects.exists()
    assert is_clean(record)
    assert_nothing_left()


def test_an_upload_of_two_untouched_drafts_goes_with_the_second(upload_drill: UploadDrill, photo: bytes) -> None:
    record = row(upload(upload_drill.api, photo, JPEG)["id"])
    for days in (0, 1):
        build.draft(upload_drill.account, upload_drill.now + days * DAY, livemode=False, media=[record.pk])

    upload_drill.tick(upload_drill.now + 30 * DAY + MINUTE)
    assert not is_clean(record)
    upload_drill.tick(upload_drill.now + 31 * DAY + MINUTE)

    assert not Gift.objects.exists()
    assert is_clean(record)
    assert_nothing_left()


@pytest.mark.parametrize("point", REMOVING)
def test_an_unfinished_upload_goes_wherever_the_sweep_is_killed(
    point: str, upload_drill: UploadDrill, photo: bytes
) -> None:
    opened = declare(upload_drill.api, photo, JPEG)
    put_parts(opened, photo)

    upload_drill.kill(point, at=upload_drill.now + DAY + MINUTE)
    upload_drill.tick(upload_drill.now + DAY + 2 * MINUTE)

    assert (row(opened["id"]).status, is_clean(row(opened["id"]))) == ("expired", True)
    assert row(opened["id"]).removed_at is not None


@pytest.mark.parametrize("point", [f"{DELETE}:call", f"{DELETE}:return"])
def test_an_old_upload_goes_wherever_the_sweep_is_killed(point: str, upload_drill: UploadDrill, photo: bytes) -> None:
    ready = upload(upload_drill.api, photo, JPEG)

    upload_drill.kill(point, at=upload_drill.now + 90 * DAY + MINUTE)
    upload_drill.tick(upload_drill.now + 90 * DAY + 2 * MINUTE)

    assert (row(ready["id"]).status, is_clean(row(ready["id"]))) == ("expired", True)
    assert row(ready["id"]).removed_at is not None
