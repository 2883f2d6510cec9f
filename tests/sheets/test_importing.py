"""From a file to rows taken in: nothing before it is confirmed, nothing twice, nothing overwritten unseen."""

import io
import json
from datetime import datetime, timedelta

import pytest
from django.db import connection

from accounts.models import Account
from api.audit.models import AuditEntry
from api.batches.models import Batch
from api.batches.services import run_slice
from api.exceptions import InvalidStateError
from api.media import bucket
from api.outbox.models import Job
from api.outbox.registry import entry_for
from api.sheets import selectors, services
from api.sheets.exported import KINDS
from api.sheets.kinds import kind_called
from api.sheets.models import Export, Sheet, SheetRow
from api.sheets.states import RowOutcome, SheetFormat
from api.suppressions.addresses import address_hash
from api.suppressions.models import Suppression
from api.templates.models import Template
from tests.rendering.films import definition
from tests.sheets.conftest import ADA, Receive, check_all, take_in, waiting
from tests.sheets.files import SHOPS, csv_file, repacked, xlsx_file


def errors_of(sheet: Sheet) -> dict[int, dict[str, str]]:
    return dict(SheetRow.objects.filter(sheet=sheet, outcome=RowOutcome.WRONG).values_list("number", "errors"))


def test_a_check_changes_nothing_and_says_what_would_be(receive: Receive, account: Account) -> None:
    file = csv_file(
        ["name", "email", "mails_per_day", "order_gate"],
        ["Confetti Shop", "new@confetti.example", "", "per_gift"],
        ["Other Shop", "shop@other.example", "50", ""],
        ["Confetti Shop ", "x@confetti.example", "", ""],
        ["Third Shop", "no address", "12.5", "sometimes"],
    )

    sheet = receive("accounts", file)

    assert (sheet.state, sheet.rows, sheet.counts) == (
        "checked",
        4,
        {"new": 1, "changed": 1, "unchanged": 0, "wrong": 2},
    )
    assert selectors.rows_that(sheet, RowOutcome.CHANGED).get().changes == {
        "email": ["shop@confetti.example", "new@confetti.example"]
    }
    assert selectors.rows_that(sheet, RowOutcome.NEW).get().changes["mails_per_day"] == ["", "50"]
    assert errors_of(sheet) == {
        4: {"": "This row is about the same shop as row 2."},
        5: {
            "email": "Enter a valid email address.",
            "mails_per_day": "This must be a whole number, such as 600.",
            "order_gate": "This must be one of: always, per_gift.",
        },
    }
    assert [shop.email for shop in Account.objects.all()] == ["shop@confetti.example"]
    assert bucket.look_at(sheet.key) is None


def test_good_rows_are_taken_in_and_audited(receive: Receive, account: Account, now: datetime) -> None:
    sheet = receive(
        "accounts",
        csv_file(
            [*SHOPS, "domains"],
            ["Confetti Shop", "new@confetti.example", ""],
            ["Other Shop", "shop@other.example", "shop.other.example, other.example"],
        ),
    )

    outcomes = take_in(sheet, now)

    assert outcomes == [("done", "changed: Confetti Shop"), ("done", "made: Other Shop")]
    other = Account.objects.get(name="Other Shop")
    assert other.domains == ["shop.other.example", "other.example"]
    actor = f"import:{Batch.objects.get().pk}"
    entries = AuditEntry.objects.exclude(actor="system").order_by("id")
    assert list(entries.values_list("action", "actor", "door", "why", "changes")) == [
        (
            "sheet.confirmed",
            ADA,
            "admin",
            "",
            {"kind": [None, "accounts"], "rows": [None, 2], "batch": [None, str(Batch.objects.get().pk)]},
        ),
        (
            "account.changed",
            actor,
            "import",
            "asked by the shop",
            {"email": ["shop@confetti.example", "new@confetti.example"]},
        ),
        (
            "account.created",
            actor,
            "import",
            "asked by the shop",
            {
                "name": [None, "Other Shop"],
                "email": [None, "shop@other.example"],
                "order_gate": [None, "always"],
                "requests_per_minute": [None, 600],
                "mails_per_day": [None, 2000],
                "domains": [None, ["shop.other.example", "other.example"]],
            },
        ),
    ]
    assert list(SheetRow.objects.values_list("values", "changes")) == [({}, {}), ({}, {})]


def test_uploading_a_mended_file_makes_no_doubles(receive: Receive, now: datetime) -> None:
    first = receive("accounts", csv_file(SHOPS, ["A", "a@shop.example"], ["B", "no address"]))
    take_in(first, now)

    second = receive("accounts", csv_file(SHOPS, ["A", "a@shop.example"], ["B", "b@shop.example"]))

    assert second.counts == {"new": 1, "changed": 0, "unchanged": 1, "wrong": 0}
    assert take_in(second, now) == [("done", "made: B")]
    assert Account.objects.count() == 2


def test_a_name_may_change_by_id_but_not_to_another_shops(
    receive: Receive, account: Account, other_account: Account, now: datetime
) -> None:
    header = ["id", *SHOPS]
    taken = receive("accounts", csv_file(header, [str(account.pk), "Other Shop", account.email]))
    unknown = receive(
        "accounts",
        csv_file(header, ["7", "X", "x@x.example"], ["01234567-89ab-7def-8123-456789abcdef", "Y", "y@x.example"]),
    )
    good = receive("accounts", csv_file(header, [str(account.pk), "Konfetti", account.email]))

    assert errors_of(taken) == {2: {"name": "Another shop has this name."}}
    assert [list(errors) for errors in errors_of(unknown).values()] == [["id"], ["id"]]
    assert take_in(good, now) == [("done", "changed: Konfetti")]


def test_a_row_that_changed_meanwhile_is_refused_and_nothing_is_overwritten(
    receive: Receive, account: Account, now: datetime
) -> None:
    sheet = receive("accounts", csv_file(SHOPS, ["Confetti Shop", "theirs@confetti.example"]))
    Account.objects.update(email="mine@confetti.example")

    [(state, words)] = take_in(sheet, now)

    assert state == "failed"
    assert words == (
        "It was changed by somebody else since the file was checked (email): nothing was overwritten. Upload the row "
        "again to see the difference."
    )
    account.refresh_from_db()
    assert account.email == "mine@confetti.example"
    sheet.refresh_from_db()
    assert [words for _, words in selectors.rows_that_failed(sheet)] == [words]


def test_confirming_twice_is_one_batch(receive: Receive, now: datetime) -> None:
    sheet = receive("accounts", csv_file(SHOPS, ["A", "a@shop.example"]))

    batches = [services.confirm_sheet(sheet.pk, title="x", actor=ADA, why="w", now=now) for _ in range(2)]

    assert batches[0] == batches[1]
    assert (Batch.objects.count(), waiting("batch.run")) == (1, 1)


def test_working_a_batch_off_twice_takes_each_row_in_once(receive: Receive, now: datetime) -> None:
    sheet = receive("accounts", csv_file(SHOPS, ["A", "a@shop.example"]))
    take_in(sheet, now)
    batch = Batch.objects.get()
    Batch.objects.update(state="running")
    batch.items.update(state="waiting")

    run_slice(batch.pk, now=now)

    assert list(batch.items.values_list("state", "detail")) == [("done", "was taken in before")]
    assert Account.objects.count() == 1


@pytest.mark.parametrize("how", ["expired", "late", "discarded", "unchecked", "nothing"])
def test_what_cannot_be_confirmed_says_why(how: str, receive: Receive, account: Account, now: datetime) -> None:
    sheet = receive(
        "accounts", csv_file(SHOPS, ["Confetti Shop" if how == "nothing" else "A", "shop@confetti.example"])
    )
    later = now + timedelta(days=8 if how in {"expired", "late"} else 0)
    words = {
        "expired": "This upload was thrown away: uploads are kept for seven days. Upload the file again.",
        "late": "This upload was thrown away: uploads are kept for seven days. Upload the file again.",
        "discarded": "This upload was thrown away, perhaps in another tab. Upload the file again.",
        "unchecked": "This upload is not checked to the end: wait for its report.",
        "nothing": "No row of this file would change anything: there is nothing to confirm.",
    }
    if how == "expired":
        assert services.throw_old_away(now=later) == 1
        assert SheetRow.objects.count() == 0
    elif how == "discarded":
        services.discard_sheet(sheet.pk, actor=ADA, now=now)
    elif how == "unchecked":
        type(sheet).objects.update(state="checking")

    with pytest.raises(InvalidStateError) as refused:
        services.confirm_sheet(sheet.pk, title="x", actor=ADA, why="w", now=later)

    assert refused.value.detail == words[how]
    assert Batch.objects.count() == 0


@pytest.mark.parametrize("how", ["discarded", "expired"])
def test_what_is_thrown_away_keeps_no_word_of_the_file(how: str, receive: Receive, now: datetime) -> None:
    sheet = receive("accounts", csv_file(["Ben Okri", "ben@example.com"], ["Cleo", "cleo@example.com"]))
    assert "ben@example.com" in str(sheet.problems)

    if how == "discarded":
        services.discard_sheet(sheet.pk, actor=ADA, now=now)
    else:
        services.throw_old_away(now=now + timedelta(days=8))

    sheet.refresh_from_db()
    assert (sheet.state, sheet.problems, sheet.header) == (how, [], [])


def test_what_is_thrown_away_before_it_is_read_leaves_no_file_and_is_audited(db: None, now: datetime) -> None:
    file = csv_file(SHOPS, ["A", "a@shop.example"])
    sheet = services.receive_file(
        kind_called("accounts"), file, size=len(file.getvalue()), scope_id=None, actor=ADA, now=now
    )

    for _ in range(2):
        services.discard_sheet(sheet.pk, actor=ADA, now=now)

    assert bucket.look_at(sheet.key) is None
    entry = AuditEntry.objects.get(action="sheet.discarded")
    assert (entry.actor, entry.object_id, entry.changes) == (ADA, str(sheet.pk), {"state": ["waiting", "discarded"]})


def test_after_four_hundred_days_nothing_is_left(receive: Receive, account: Account, now: datetime) -> None:
    take_in(receive("accounts", csv_file(SHOPS, ["A", "a@shop.example"])), now)
    services.order_export(KINDS["accounts"], SheetFormat.CSV, {}, has_personal_data=False, actor=ADA, now=now)

    assert services.purge_old(now=now + timedelta(days=399)) == 0
    assert services.purge_old(now=now + timedelta(days=401)) == 2
    assert (Sheet.objects.count(), SheetRow.objects.count(), Export.objects.count()) == (0, 0, 0)


def test_rows_of_a_batch_that_still_runs_are_kept(receive: Receive, now: datetime) -> None:
    sheet = receive("accounts", csv_file(SHOPS, ["A", "a@shop.example"]))
    services.confirm_sheet(sheet.pk, title="x", actor=ADA, why="w", now=now)

    assert services.throw_old_away(now=now + timedelta(days=8)) == 0
    assert SheetRow.objects.count() == 1


def test_a_file_that_is_gone_before_it_is_read_is_told(receive: Receive, now: datetime) -> None:
    file = csv_file(SHOPS, ["A", "a@shop.example"])
    sheet = services.receive_file(
        kind_called("accounts"), file, size=len(file.getvalue()), scope_id=None, actor=ADA, now=now
    )
    bucket.delete(sheet.key)

    check_all(sheet, now)

    assert (sheet.state, sheet.problems) == (
        "refused",
        ["The file is not there any more: files are kept for seven days. Upload it again."],
    )


def test_a_refused_file_keeps_no_row(receive: Receive) -> None:
    rows = [["A", "a@shop.example"]] * 3
    sheet = receive("accounts", io.BytesIO(csv_file(SHOPS, *rows).getvalue() + b'"open,'))

    assert sheet.state == "refused"
    assert SheetRow.objects.count() == 0


def test_a_header_alone_is_refused(receive: Receive) -> None:
    assert receive("accounts", csv_file(SHOPS)).problems == ["The file has its columns' names, and no row below them."]


def test_more_rows_than_a_founder_waits_for_are_a_jobs(receive: Receive, now: datetime) -> None:
    sheet = receive("accounts", csv_file(SHOPS, *([f"Shop {n}", f"shop{n}@shop.example"] for n in range(501))))

    assert (sheet.state, sheet.rows, sheet.checked_rows) == ("checking", 501, 0)
    assert Job.objects.filter(kind="sheet.check", run_at__lte=now).count() == 1
    assert services.check_slice(sheet.pk, now=now)
    sheet.refresh_from_db()
    assert (sheet.state, sheet.checked_rows) == ("checking", 500)
    assert not services.check_slice(sheet.pk, now=now)
    sheet.refresh_from_db()
    assert (sheet.state, sheet.counts["new"]) == ("checked", 501)


def test_a_small_xlsx_that_unpacks_to_much_is_a_jobs(receive: Receive, now: datetime) -> None:
    file = repacked(xlsx_file(SHOPS, ["A", "a@shop.example"]), xl__media__picture=b" " * 5_000_000)

    sheet = receive("accounts", file)

    assert (sheet.size < 50_000, sheet.state) == (True, "waiting")
    assert check_all(sheet, now).counts["new"] == 1


def test_templates_come_in_by_slug_with_their_scripts(receive: Receive, now: datetime) -> None:
    from pathlib import Path

    definition = json.loads(Path("api/templates/definitions/birthday-confetti.json").read_text())
    header = ["slug", "name", "occasion", "duration_s", "fields", "theme", "scenes"]
    row = [
        json.dumps(definition[name]) if name in ("fields", "theme", "scenes") else str(definition[name])
        for name in header
    ]
    broken = [*row[:4], row[4], row[5], row[6][:-3]]
    wrong = [*row[:4], row[4], json.dumps({**definition["theme"], "ink": "red"}), row[6]]
    for cells, slug in ((broken, "broken"), (wrong, "wrong")):
        cells[0] = slug

    sheet = receive("templates", xlsx_file(header, row, broken, wrong))

    assert sheet.counts == {"new": 1, "changed": 0, "unchanged": 0, "wrong": 2}
    assert errors_of(sheet)[3]["scenes"].startswith("Line 1, column ")
    assert errors_of(sheet)[4] == {"theme": "ink: Must be a colour such as #4A1D5F."}
    assert take_in(sheet, now) == [("done", f"made: {definition['name']}")]
    made = Template.objects.get()
    assert (made.status, made.scenes, made.aspect_ratio) == ("draft", definition["scenes"], "16:9")


def test_a_nul_inside_a_script_is_told(receive: Receive) -> None:
    header = ["slug", "name", "occasion", "duration_s", "fields", "theme", "scenes"]

    sheet = receive("templates", csv_file(header, ["a", "A", "x", "4", "[]", r'{"a\u0000b": 1}', "[]"]))

    assert "a\ufffdb: This is not known here." in errors_of(sheet)[2]["theme"]


def test_a_check_that_is_given_up_is_told_and_keeps_no_row(receive: Receive, now: datetime) -> None:
    sheet = receive("accounts", csv_file(SHOPS, *([f"Shop {n}", f"shop{n}@shop.example"] for n in range(501))))
    on_dead = entry_for("sheet.check").on_dead

    assert on_dead is not None
    on_dead(sheet.pk, "KeyError", now=now)

    sheet.refresh_from_db()
    assert (sheet.state, SheetRow.objects.count()) == ("refused", 0)
    assert sheet.problems[0].startswith("The check broke off again and again")


def test_a_templates_script_can_be_changed_by_a_sheet(receive: Receive, now: datetime) -> None:
    given = definition("birthday-confetti")
    template = Template.objects.create(**{**given, "music": "", "backdrop": "", "preview": ""})
    header = ["slug", "name", "occasion", "duration_s", "fields", "theme", "scenes"]
    theme = {**template.theme, "accent": "#123456"}
    scripts = [json.dumps(value) for value in (template.fields, theme, template.scenes)]
    sheet = receive(
        "templates",
        csv_file(header, [template.slug, template.name, template.occasion, str(template.duration_s), *scripts]),
    )

    assert errors_of(sheet) == {}
    assert take_in(sheet, now) == [("done", f"changed: {template.name}")]

    template.refresh_from_db()
    assert template.theme == theme
    entry = AuditEntry.objects.get(action="template.changed")
    assert list(entry.changes) == ["theme.accent"]


def test_suppressions_come_in_without_their_addresses_staying(receive: Receive, now: datetime) -> None:
    sheet = receive(
        "suppressions",
        csv_file(
            ["address", "reason"],
            ["Ben@Example.com", "asked"],
            ["ben@example.com", "bounced"],
            ["no address", ""],
            ["cleo@example.com", ""],
        ),
    )

    assert errors_of(sheet) == {
        3: {"": "This row is about the same address as row 2."},
        4: {"address": "This is no e-mail address."},
    }
    take_in(sheet, now)
    assert list(Suppression.objects.order_by("id").values_list("address_sha256", "masked", "reason")) == [
        (address_hash("ben@example.com"), "b…@example.com", "asked"),
        (address_hash("cleo@example.com"), "c…@example.com", "by_hand"),
    ]
    with connection.cursor() as cursor:
        for table in ("api_batchitem", "api_auditentry", "api_suppression", "api_batch"):
            cursor.execute(f"SELECT count(*) FROM {table} AS row WHERE row::text ILIKE '%cleo@example.com%'")  # noqa: S608
            assert (table, cursor.fetchone()) == (table, (0,))
