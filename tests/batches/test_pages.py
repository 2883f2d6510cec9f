"""A batch's pages: how far it is, calling off its rest, its result file, and who may."""

import csv
import gzip
import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from uuid6 import uuid7

import giftflick.admin_urls  # noqa: F401 - finds the pages
from accounts.models import User
from api.audit.models import AuditEntry
from api.batches.models import Batch, BatchItem
from api.batches.services import ItemIn, cancel_batch, run_slice, start_batch
from api.batches.sheets import safe_cell
from api.exceptions import InvalidStateError
from tests.admin.signing import signed_in
from tests.batches.conftest import NewKind

pytestmark = pytest.mark.django_db


@pytest.fixture
def founder(db: None) -> Client:
    return signed_in(User.objects.create_superuser("ada"))


def viewer(name: str, *permissions: str) -> Client:
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=["view_batch", *permissions]))
    return signed_in(user)


def odd_ones_fail(item: BatchItem, *, actor: str, now: datetime) -> str:
    if int(item.ref_id) % 2:
        raise InvalidStateError(f"=HYPERLINK({item.ref_id})")
    return f"did {item.ref_id}"


def started(kind: str, now: datetime, count: int, *, actor: str = "staff:ada", label: str = "row") -> Batch:
    items = (ItemIn(str(number), label=f"{label} {number}") for number in range(count))
    return start_batch(kind, title="Look at rows", items=items, actor=actor, why="curious", now=now)


def finish(batch: Batch, now: datetime) -> None:
    """In as many slices as a busy machine needs."""
    while run_slice(batch.pk, now=now) is not None:
        pass


def result_of(client: Client, batch: Batch, **headers: str) -> list[list[str]]:
    answer: Any = client.get(f"/admin/batches/{batch.pk}/result.csv", headers=headers)
    content = answer.getvalue()
    if answer.headers.get("Content-Encoding") == "gzip":
        content = gzip.decompress(content)
    return list(csv.reader(content.decode("utf-8-sig").splitlines()))


def test_failures_stand_first_in_their_words_with_a_link_to_their_row(
    new_kind: NewKind, founder: Client, now: datetime
) -> None:
    batch = started(new_kind(odd_ones_fail, row_page="admin:api_job_change"), now, 4)
    finish(batch, now)

    text = founder.get(f"/admin/batches/{batch.pk}/").content.decode()

    assert "4 of 4 had their turn: 2 done, 2 failed." in " ".join(text.split())
    assert text.index("HYPERLINK(1)") < text.index("HYPERLINK(3)") < text.index("did 2") < text.index("did 0")
    assert 'href="/admin/api/job/1/change/"' in text
    assert "curious" in text
    assert "Cancel the rest" not in text


def test_what_changes_is_had_alone(new_kind: NewKind, founder: Client, now: datetime) -> None:
    batch = started(new_kind(odd_ones_fail), now, 4)
    run_slice(batch.pk, now=now, budget=timedelta())

    part = founder.get(f"/admin/batches/{batch.pk}/", {"part": "progress"}).content.decode()

    assert part.startswith('<div id="batch-progress"')
    assert 'data-refresh="2"' in part
    assert 'aria-valuenow="1"' in part
    assert "Cancel the rest" in part
    finish(batch, now)
    assert "data-refresh" not in founder.get(f"/admin/batches/{batch.pk}/?part=progress").content.decode()


def test_more_failures_than_a_page_holds_are_in_the_file(new_kind: NewKind, founder: Client, now: datetime) -> None:
    batch = started(new_kind(odd_ones_fail), now, 120)
    finish(batch, now)

    text = founder.get(f"/admin/batches/{batch.pk}/").content.decode()

    assert text.count("HYPERLINK") == 50
    assert "These are the first 50; the CSV has all of them." in text
    assert sum(line[2] == "failed" for line in result_of(founder, batch)) == 60


def test_the_result_has_a_line_an_item_and_no_formula(new_kind: NewKind, founder: Client, now: datetime) -> None:
    batch = started(new_kind(odd_ones_fail), now, 3, label="@row")
    run_slice(batch.pk, now=now, budget=timedelta())
    run_slice(batch.pk, now=now, budget=timedelta())

    expected = [
        ["ref", "label", "outcome", "detail"],
        ["0", "'@row 0", "done", "did 0"],
        ["1", "'@row 1", "failed", "'=HYPERLINK(1)"],
        ["2", "'@row 2", "waiting", ""],
    ]
    assert result_of(founder, batch) == expected
    assert result_of(founder, batch, **{"Accept-Encoding": "gzip"}) == expected


def test_a_thousand_items_and_their_file(new_kind: NewKind, founder: Client, now: datetime) -> None:
    batch = started(new_kind(odd_ones_fail), now, 1_000)
    finish(batch, now)

    batch.refresh_from_db()
    assert (batch.state, batch.done_count, batch.failed_count) == ("done", 500, 500)
    lines = result_of(founder, batch)
    assert [line[0] for line in lines[1:]] == [str(number) for number in range(1_000)]


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+61 2", "'+61 2"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("plain = text", "plain = text"),
        ("", ""),
    ],
)
def test_a_cell_is_never_a_formula(text: str, safe: str) -> None:
    assert safe_cell(text) == safe


def test_labels_that_name_people_are_for_those_who_may_take_them_away(new_kind: NewKind, now: datetime) -> None:
    batch = started(new_kind(odd_ones_fail, is_personal=True), now, 1, label="Ben")
    founder = signed_in(User.objects.create_superuser("grace"))

    assert result_of(founder, batch)[1][1] == "Ben 0"
    assert result_of(viewer("support"), batch)[1][1] == ""


def test_the_rest_is_called_off_by_who_may(new_kind: NewKind, now: datetime) -> None:
    kind = new_kind(odd_ones_fail, permission="api.view_gift")
    for number, (client, status) in enumerate(
        [(viewer("ada"), 302), (viewer("eve"), 403), (viewer("may", "view_gift"), 302)]
    ):
        batch = started(kind, now, 2)
        path = f"/admin/batches/{batch.pk}/cancel/"
        asked = client.get(path)
        assert asked.status_code == (200 if status == 302 else 403), number
        assert client.post(path, {"reason": "a mistake"}).status_code == status, number
        batch.refresh_from_db()
        assert batch.state == ("canceled" if status == 302 else "queued"), number


def test_calling_off_what_is_over_is_told_in_words(new_kind: NewKind, founder: Client, now: datetime) -> None:
    batch = started(new_kind(odd_ones_fail), now, 2)
    finish(batch, now)

    answer = founder.post(f"/admin/batches/{batch.pk}/cancel/", {"reason": "a mistake"})

    assert answer.context["refusal"] == "This batch is done: there is nothing left to cancel."


def test_who_called_a_batch_off_and_why_is_on_record(new_kind: NewKind, founder: Client, now: datetime) -> None:
    batch = started(new_kind(odd_ones_fail), now, 2)
    path = f"/admin/batches/{batch.pk}/cancel/"

    assert founder.post(path, {"reason": "no"}).status_code == 400
    assert founder.post(path, {"reason": "a mistake"})["Location"] == f"/admin/batches/{batch.pk}/"

    entry = AuditEntry.objects.get(action="batch.canceled")
    assert (entry.actor, entry.why, entry.object_id) == ("staff:ada", "a mistake", str(batch.pk))
    assert entry.changes == {"state": ["queued", "canceled"]}


def test_a_canceled_batch_says_how_many_were_left(new_kind: NewKind, founder: Client, now: datetime) -> None:
    batch = started(new_kind(odd_ones_fail), now, 5)
    run_slice(batch.pk, now=now, budget=timedelta())
    cancel_batch(batch.pk, actor="staff:ada", now=now)

    text = " ".join(founder.get(f"/admin/batches/{batch.pk}/").content.decode().split())

    assert "1 of 5 had their turn: 1 done, 0 failed; the other 4 were called off." in text


def test_batches_are_listed_newest_first_fifty_a_page(new_kind: NewKind, founder: Client, now: datetime) -> None:
    assert "No batch yet" in founder.get("/admin/batches/").content.decode()
    kind = new_kind(odd_ones_fail)
    batches = [started(kind, now, 1) for _ in range(52)][::-1]

    first = founder.get("/admin/batches/")
    assert [batch.pk for batch, _ in first.context["rows"]] == [batch.pk for batch in batches[:50]]
    older = founder.get(f"/admin/batches/?before={first.context['older']}")
    assert [batch.pk for batch, _ in older.context["rows"]] == [batch.pk for batch in batches[50:]]
    assert older.context["older"] is None
    for nonsense in ["x", "\x00", "", str(uuid4())]:
        assert founder.get("/admin/batches/", {"before": nonsense}).status_code == 200


def test_a_kind_that_a_later_version_dropped_still_has_its_page(founder: Client, now: datetime) -> None:
    batch = Batch.objects.create(kind="gone", title="Old", total=1, created_by="staff:zoe", created_at=now)
    BatchItem.objects.create(batch=batch, position=1, ref_id="x", state="failed", detail="no")

    assert founder.get(f"/admin/batches/{batch.pk}/").status_code == 200
    assert result_of(founder, batch)[1] == ["x", "", "failed", "no"]
    other = viewer("may", "export_pii")
    for page in ("", "cancel/", "result.csv"):
        assert other.get(f"/admin/batches/{batch.pk}/{page}").status_code == 403
    assert [len(client.get("/admin/batches/").context["rows"]) for client in (founder, other)] == [1, 0]
    assert "its job was given up" in founder.get(f"/admin/batches/{batch.pk}/").content.decode()
    assert founder.post(f"/admin/batches/{batch.pk}/cancel/", {"reason": "too old"}).status_code == 302
    assert "its job was given up" not in founder.get(f"/admin/batches/{batch.pk}/").content.decode()


def test_strangers_see_nothing(new_kind: NewKind, client: Client, now: datetime) -> None:
    batch = started(new_kind(odd_ones_fail), now, 1)
    nobody = signed_in(User.objects.create_user("temp", is_staff=True))

    for path in ["", f"{batch.pk}/", f"{batch.pk}/cancel/", f"{batch.pk}/result.csv"]:
        assert client.get(f"/admin/batches/{path}").status_code == 302, path
        assert nobody.get(f"/admin/batches/{path}").status_code == 403, path
    assert signed_in(User.objects.create_superuser("ada")).get(f"/admin/batches/{uuid7()}/").status_code == 404


def test_the_web_process_knows_every_kind_of_batch_that_a_worker_knows() -> None:
    """Starting one asks its kind, and looking at one asks what that needs."""
    told = "from api.batches.registry import known_kinds; print(*sorted(kind.name for kind in known_kinds()))"
    kinds = [
        subprocess.run(
            [sys.executable, "-c", f"import django; django.setup(); import {module}; {told}"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for module in ("giftflick.admin_urls", "api.tick")
    ]

    assert kinds[0] == kinds[1]
