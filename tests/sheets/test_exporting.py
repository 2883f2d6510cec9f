"""What goes out: to whom, with which columns, for how long, and safe to open."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import urllib3
from django.contrib.messages import get_messages
from django.test import Client

import giftflick.admin_urls  # noqa: F401 - finds the pages, as the first request to the admin does
from accounts.models import Account
from api.audit.models import AuditEntry
from api.delivery.models import Message
from api.exceptions import TooLargeError
from api.outbox.models import Job
from api.outbox.registry import entry_for
from api.sheets import services
from api.sheets.exported import KINDS
from api.sheets.models import Export
from api.sheets.services import exporting
from api.suppressions.models import Suppression
from api.suppressions.services import suppress_address
from api.suppressions.states import SuppressionReason
from api.templates.models import Template
from api.templates.services import seed_templates
from tests import build
from tests.admin.signing import signed_in
from tests.media.conftest import bucket_away
from tests.sheets.conftest import ADA, Receive, somebody, take_in
from tests.sheets.files import read_back

PERSONAL = {"sender_name", "sender_email", "recipient_name", "recipient_email", "message", "fields", "metadata"}


def fetch(client: Client, export: Export) -> bytes:
    answer = client.get(f"/admin/exports/{export.pk}/download/")
    assert answer.status_code == 302
    got = urllib3.request("GET", answer["Location"], retries=False, timeout=30)
    assert got.status == 200
    assert got.headers["Content-Disposition"].startswith('attachment; filename="giftflick-')
    return got.data


def export(client: Client, kind: str, **form: Any) -> Export:
    answer = client.post(f"/admin/exports/{kind}/new/", {"format": "csv", **form})
    assert (answer.status_code, answer.get("Location")) == (302, "/admin/exports/"), answer.content.decode()[-3000:]
    return Export.objects.latest("id")


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_gifts_of_last_month_with_and_without_names(
    form: str, founder: Client, account: Account, template: Template, now: datetime
) -> None:
    first = now.astimezone(UTC).replace(day=1)
    last = (first - timedelta(days=1)).replace(day=1)
    inside = build.sent(account, last + timedelta(days=3), message="=cmd|' /C calc'!A0")
    build.draft(account, now)
    build.draft(account, last - timedelta(days=1))
    month = {"since": f"{last:%Y-%m-%d}", "before": f"{first:%Y-%m-%d}", "format": form}

    bare = read_back(fetch(founder, export(founder, "gifts", **month)))
    full = read_back(fetch(founder, export(founder, "gifts", personal="on", **month)))

    assert [len(bare), len(full)] == [2, 2]
    assert not PERSONAL & set(bare[0])
    assert set(full[0]) - set(bare[0]) == PERSONAL
    row = dict(zip(full[0], full[1], strict=True))
    assert (row["id"], row["status"], row["recipient_email"]) == (str(inside.pk), "sent", "ben@example.com")
    assert row["message"] == "'=cmd|' /C calc'!A0"
    entries = AuditEntry.objects.filter(action__startswith="export.").order_by("id")
    assert [(entry.action, entry.actor) for entry in entries] == [
        ("export.ordered", ADA),
        ("export.downloaded", ADA),
    ] * 2
    ordered = entries.filter(action="export.ordered").latest("id").changes
    assert ordered == {
        "kind": [None, "gifts"],
        "rows": [None, 1],
        "filters": [None, {"since": month["since"], "before": month["before"]}],
        "personal_data": [None, True],
    }


def test_gifts_by_shop_mode_and_status(
    founder: Client, account: Account, other_account: Account, template: Template, now: datetime
) -> None:
    wanted = build.rendering(account, now)
    build.draft(account, now)
    build.rendering(account, now, livemode=False)
    build.rendering(other_account, now)

    rows = read_back(fetch(founder, export(founder, "gifts", account=str(account.pk), mode="live", status="rendering")))

    assert [row[0] for row in rows[1:]] == [str(wanted.pk)]


@pytest.mark.usefixtures("template")
def test_every_kind_can_be_exported(founder: Client, account: Account, now: datetime) -> None:
    build.sent(account, now)
    suppress_address("ben@example.com", reason=SuppressionReason.ASKED, actor=ADA, now=now)

    files = {kind: read_back(fetch(founder, export(founder, kind))) for kind in KINDS}

    assert {kind: len(rows) - 1 for kind, rows in files.items()} == {
        "gifts": 1,
        "mails": Message.objects.count(),
        "accounts": 1,
        "templates": 1,
        "suppressions": 1,
    }
    text = str(files)
    assert "ben@example.com" not in text
    assert "b…@example.com" in text


def test_nothing_and_too_much_are_told(
    founder: Client, account: Account, template: Template, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = founder.post("/admin/exports/gifts/new/", {"format": "csv"})
    build.draft(account, now)
    build.draft(account, now)
    monkeypatch.setattr(exporting, "MAX_ROWS", 1)

    assert "There is nothing to export: no row fits these filters." in empty.content.decode()
    with pytest.raises(TooLargeError, match="choose a shorter time, or one shop"):
        services.order_export(KINDS["gifts"], "csv", {}, has_personal_data=False, actor=ADA, now=now)  # type: ignore[arg-type]


def test_days_that_end_before_they_begin_are_told(founder: Client) -> None:
    answer = founder.post("/admin/exports/gifts/new/", {"since": "2026-11-20", "before": "2026-11-20", "format": "csv"})

    [told] = answer.context["form"].errors["before"]
    assert told == "No day is before this one and not before 2026-11-20: choose a later one."


def test_a_large_one_is_written_by_a_job(
    founder: Client, account: Account, template: Template, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "WAITED_FOR", 1)
    for _ in range(3):
        build.draft(account, now)

    made = export(founder, "gifts")
    early = founder.get(f"/admin/exports/{made.pk}/download/", follow=True)
    assert made.state == "queued"
    assert 'data-refresh="3"' in founder.get("/admin/exports/").content.decode()
    for _ in range(2):
        services.write_export(made.pk, now=now)

    assert [str(message) for message in get_messages(early.wsgi_request)] == [
        "This file is not written yet: wait a moment."
    ]
    assert len(read_back(fetch(founder, made))) == 4


def test_a_small_one_that_the_bucket_did_not_take_is_written_by_its_job(
    founder: Client, account: Account, now: datetime
) -> None:
    with bucket_away():
        made = export(founder, "accounts")
    job = Job.objects.get(kind="export.write")

    assert (made.state, job.ref_id, job.run_at - made.created_at) == ("queued", made.pk, timedelta(seconds=30))
    services.write_export(made.pk, now=now)
    assert len(read_back(fetch(founder, made))) == 2


def test_a_file_that_is_given_up_is_told(
    founder: Client, account: Account, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "WAITED_FOR", 0)
    made = export(founder, "accounts")
    on_dead = entry_for("export.write").on_dead

    assert on_dead is not None
    on_dead(made.pk, "KeyError", now=now)

    made.refresh_from_db()
    assert (made.state, made.finished_at) == ("failed", now)
    assert made.problem.startswith("The file could not be written")


def test_a_file_is_gone_after_a_week(founder: Client, account: Account, now: datetime) -> None:
    made = export(founder, "accounts")

    assert services.throw_old_away(now=now + timedelta(days=8)) == 1
    answer = founder.get(f"/admin/exports/{made.pk}/download/", follow=True)

    assert [str(message) for message in get_messages(answer.wsgi_request)] == [
        "This file was thrown away: files are kept for seven days. Export it again."
    ]


def test_who_may_not_have_names_gets_none(founder: Client, account: Account, template: Template, now: datetime) -> None:
    build.draft(account, now)
    personal = export(founder, "gifts", personal="on")
    viewer = signed_in(somebody("api.view_gift", "api.add_export"))

    form = viewer.get("/admin/exports/gifts/new/").content.decode()
    viewer.post("/admin/exports/gifts/new/", {"format": "csv", "personal": "on"})

    own = Export.objects.latest("id")
    assert (own.created_by, own.has_personal_data) == ("staff:sam", False)
    assert 'name="personal"' not in form
    assert not PERSONAL & set(read_back(fetch(viewer, own))[0])
    assert viewer.get(f"/admin/exports/{personal.pk}/download/").status_code == 403
    assert str(personal.pk) not in viewer.get("/admin/exports/").content.decode()
    assert viewer.get("/admin/exports/accounts/new/").status_code == 403
    assert signed_in(stranger()).get("/admin/exports/").status_code == 403


def stranger() -> Any:
    from accounts.models import User

    return User.objects.create_user("stranger", is_staff=True)


def test_names_are_exported_and_downloaded_only_after_the_second_factor_was_shown_again(
    founder: Client, account: Account, template: Template, now: datetime
) -> None:
    build.draft(account, now)
    made = export(founder, "gifts", personal="on")
    session = founder.session
    del session["confirmed_at"]
    session.save()

    ordering = founder.post("/admin/exports/gifts/new/", {"format": "csv", "personal": "on"})
    fetching = founder.get(f"/admin/exports/{made.pk}/download/")

    asked, loaded = (urlsplit(answer["Location"]) for answer in (ordering, fetching))
    assert (asked.path, loaded.path) == ("/admin/reauthenticate/", "/admin/reauthenticate/")
    assert Export.objects.count() == 1
    # A browser lets the form for the second factor lead to our own pages only, and not by way of them to S3.
    assert parse_qs(loaded.query) == {"next": ["/admin/exports/"]}


def test_what_was_to_be_exported_is_chosen_again_after_the_second_factor(
    founder: Client, account: Account, template: Template
) -> None:
    session = founder.session
    del session["confirmed_at"]
    session.save()
    chosen = {
        "since": "2026-01-02", "before": "2026-03-04", "account": str(account.pk), "mode": "live", "status": "sent",
        "format": "csv", "personal": "on",
    }  # fmt: skip

    answer = founder.post("/admin/exports/gifts/new/", {**chosen, "csrfmiddlewaretoken": "x", "odd": "y"})
    [back] = parse_qs(urlsplit(answer["Location"]).query)["next"]
    form = founder.get(back).context["form"]

    assert dict(parse_qsl(urlsplit(back).query)) == chosen
    assert {name: form[name].value() for name in chosen} == chosen


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("kind", ["accounts", "templates", "suppressions"])
def test_an_export_comes_back_in_as_it_went_out(
    kind: str, form: str, founder: Client, account: Account, receive: Receive, now: datetime
) -> None:
    account.domains = ["shop.confetti.example"]
    account.name = "-Confetti Shop"
    account.save()
    seed_templates(now=now)
    suppress_address("ben@example.com", reason=SuppressionReason.ASKED, actor=ADA, now=now)
    rows = {"accounts": 1, "templates": 2, "suppressions": 1}[kind]

    content = fetch(founder, export(founder, kind, format=form, personal="on"))
    same = receive(kind, io.BytesIO(content))

    assert (same.problems, same.counts) == ([], {"new": 0, "changed": 0, "unchanged": rows, "wrong": 0})


def test_an_export_that_was_edited_changes_what_was_edited(
    founder: Client, account: Account, receive: Receive, now: datetime
) -> None:
    suppress_address("ben@example.com", reason=SuppressionReason.ASKED, actor=ADA, now=now)
    content = fetch(founder, export(founder, "suppressions", personal="on"))

    edited = receive("suppressions", io.BytesIO(content.replace(b"asked", b"complained")))

    assert take_in(edited, now) == [("done", "changed: b…@example.com")]
    assert Suppression.objects.get().reason == "complained"


def test_a_template_too_long_for_excel_is_told(founder: Client, account: Account, now: datetime) -> None:
    seed_templates(now=now)
    Template.objects.update(description="x" * 40_000)

    made = export(founder, "templates", format="xlsx")

    assert (made.state, made.problem) == ("failed", "One of the texts is longer than a cell of Excel. Choose CSV.")
