"""The pages around a file: what is refused unread, who may what, what is said."""

import io
from datetime import datetime
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from django.utils.http import urlencode
from playwright.sync_api import expect

import giftflick.admin_urls  # noqa: F401 - finds the pages, as the first request to the admin does
from accounts.models import Account, User
from api.audit.models import AuditEntry
from api.batches.models import Batch
from api.sheets import services
from api.sheets.kinds import kind_called
from api.sheets.models import Sheet, SheetRow
from api.sheets.states import SheetState
from tests.admin.browser import OpenPage
from tests.admin.signing import signed_in
from tests.media.conftest import bucket_away
from tests.sheets.conftest import Receive, check_all, somebody, take_in
from tests.sheets.files import SHOPS, csv_file, lines, read_back

IMPORT = "/admin/imports/accounts/"
MB = 1024 * 1024


def upload(client: Client, content: bytes, *, page: str = IMPORT, **fields: Any) -> Any:
    return client.post(page, {"file": SimpleUploadedFile("shops.csv", content), **fields}, follow=True)


def said(answer: Any) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


class Unreadable(io.BytesIO):
    """A body of 200 MB that nobody may read."""

    def read(self, *_size: int) -> bytes:  # type: ignore[override]
        raise AssertionError("the body was read")


def test_two_hundred_megabytes_are_refused_unread(founder: Client) -> None:
    answer = founder.generic(
        "POST",
        IMPORT,
        content_type="multipart/form-data; boundary=x",
        **{"CONTENT_LENGTH": str(200 * MB), "wsgi.input": Unreadable()},  # type: ignore[arg-type]
    )

    assert answer.status_code == 413
    assert "The file is too large: at most 10 MB can be taken in." in answer.content.decode()
    assert Sheet.objects.count() == 0


def test_between_four_and_ten_megabytes_the_page_says_what_helps(founder: Client) -> None:
    answer = upload(founder, b"x" * (5 * MB))

    assert answer.status_code == 413
    assert "Without JavaScript a file may have 4 MB." in answer.content.decode()


def test_a_paste_that_is_too_long_for_a_form_is_told(founder: Client) -> None:
    answer = founder.post(IMPORT, {"rows": "x" * 300_000})

    assert answer.status_code == 413
    assert "That is more than can be pasted without JavaScript." in answer.content.decode()


def test_an_upload_without_a_csrf_token_is_refused(founder: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = founder.cookies

    assert upload(strict, b"name,email\nA,a@shop.example\n").status_code == 403
    assert Sheet.objects.count() == 0


def test_a_paste_of_a_thousand_rows_with_three_bad_ones(founder: Client) -> None:
    rows = [[f"Shop {number}", f"shop{number}@shop.example"] for number in range(2, 1002)]
    for number in (10, 500, 1001):
        rows[number - 2][1] = "no address"

    answer = founder.post(IMPORT, {"rows": lines([SHOPS, *rows])}, follow=True)

    sheet = Sheet.objects.get()
    assert (answer.status_code, sheet.state, sheet.rows) == (200, SheetState.CHECKING, 1000)
    assert 'data-refresh="2"' in answer.content.decode()
    check_all(sheet, sheet.created_at)
    page = founder.get(f"/admin/imports/sheets/{sheet.pk}/").content.decode()
    assert 'id="count-new">997</div>' in page
    assert 'id="count-wrong">3</div>' in page
    assert [f'rowspan="1">{number}</th>' in page for number in (10, 500, 1001)] == [True] * 3


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_wrong_rows_come_back_with_their_columns_and_what_is_wrong(
    form: str, founder: Client, receive: Receive, now: datetime
) -> None:
    sheet = receive(
        "accounts", csv_file(["email", "name"], ["a@shop.example", "A"], ["no", "=B"], ["", ""], ["c@", "C"])
    )

    answer = founder.get(f"/admin/imports/sheets/{sheet.pk}/errors/", {"format": form})

    rows = read_back(b"".join(answer))
    wrong = "email: Enter a valid email address."
    assert rows == [["email", "name", "error"], ["no", "'=B", wrong], ["c@", "C", wrong]]
    again = receive("accounts", csv_file(rows[0], ["b@shop.example", *rows[1][1:]]))
    assert take_in(again, now) == [("done", "made: =B")]


def test_the_wrong_rows_ask_who_it_is_and_are_audited(founder: Client, receive: Receive) -> None:
    sheet = receive("accounts", csv_file(SHOPS, ["A", "no address"]))
    page = f"/admin/imports/sheets/{sheet.pk}/"
    assert b"".join(founder.get(f"{page}errors/")).endswith(b"email address.\r\n")
    session = founder.session
    del session["confirmed_at"]
    session.save()

    answer = founder.get(f"{page}errors/")

    assert answer["Location"] == f"/admin/reauthenticate/?{urlencode({'next': page})}"
    entry = AuditEntry.objects.get(action="sheet.errors_downloaded")
    assert (entry.actor, entry.door, entry.object_id) == ("staff:ada", "admin", str(sheet.pk))


def test_words_longer_than_a_cell_are_cut(founder: Client, receive: Receive) -> None:
    sheet = receive("accounts", csv_file(SHOPS, ["A", "no address"]))
    SheetRow.objects.update(errors={"email": "x" * 40_000})

    answer = founder.get(f"/admin/imports/sheets/{sheet.pk}/errors/", {"format": "xlsx"})

    assert [len(cell) for cell in read_back(b"".join(answer))[1]] == [1, 10, 32_767]


def test_the_empty_file_has_the_columns(founder: Client) -> None:
    answer = founder.get("/admin/imports/accounts/empty.xlsx")

    assert read_back(b"".join(answer)) == [
        ["id", "name", "email", "order_gate", "requests_per_minute", "mails_per_day", "domains", "origins"]
    ]


def test_a_refused_file_says_why_on_its_page(founder: Client) -> None:
    answer = upload(founder, "name,email\nZoë,z@example.com\n".encode("cp1252"))

    assert "Row 2 has a byte that is not UTF-8" in answer.content.decode()
    assert answer.status_code == 200


def test_confirming_takes_a_reason_and_leads_to_the_batch(founder: Client, receive: Receive) -> None:
    sheet = receive("accounts", csv_file(SHOPS, ["A", "a@shop.example"]))
    confirm = f"/admin/imports/sheets/{sheet.pk}/confirm/"

    for reason, wrong in (("", "This field is required."), ("\x00because", "Null characters are not allowed.")):
        refused = founder.post(confirm, {"reason": reason}, follow=True)
        assert said(refused) == [f"Nothing was taken in: say why. {wrong}"]
    answer = founder.post(confirm, {"reason": "the shop asked"}, follow=True)

    batch = Batch.objects.get()
    assert answer.redirect_chain == [(f"/admin/batches/{batch.pk}/", 302)]
    assert (batch.title, batch.why, batch.created_by) == ("Import 1 shops", "the shop asked", "staff:ada")
    twice = founder.post(confirm, {"reason": "another tab"}, follow=True)
    assert twice.redirect_chain == answer.redirect_chain


def test_confirming_asks_for_the_second_factor_again(founder: Client, receive: Receive) -> None:
    sheet = receive("accounts", csv_file(SHOPS, ["A", "a@shop.example"]))
    session = founder.session
    session.pop("confirmed_at", None)
    session.save()

    answer = founder.post(f"/admin/imports/sheets/{sheet.pk}/confirm/", {"reason": "asked"})

    assert answer["Location"].startswith("/admin/reauthenticate/")
    assert Batch.objects.count() == 0


def test_throwing_an_upload_away(founder: Client, receive: Receive) -> None:
    sheet = receive("accounts", csv_file(SHOPS, ["A", "a@shop.example"]))

    founder.post(f"/admin/imports/sheets/{sheet.pk}/discard/")
    answer = founder.post(f"/admin/imports/sheets/{sheet.pk}/confirm/", {"reason": "asked"}, follow=True)

    assert said(answer)[-1] == "This upload was thrown away, perhaps in another tab. Upload the file again."


def test_who_may_not_import_sees_nothing_of_it(receive: Receive) -> None:
    sheet = receive("accounts", csv_file(SHOPS, ["A", "a@shop.example"]))
    client = signed_in(somebody("api.view_gift", "accounts.view_account", "api.run_campaign"))

    paths = ["/admin/imports/", IMPORT, "/admin/imports/accounts/empty.csv"]
    paths += [f"/admin/imports/sheets/{sheet.pk}/{rest}" for rest in ("", "errors/")]
    posts = [f"/admin/imports/sheets/{sheet.pk}/{rest}" for rest in ("confirm/", "discard/")]
    posts += [IMPORT, "/admin/imports/accounts/begin/"]

    assert {path: client.get(path).status_code for path in paths} == dict.fromkeys(paths, 403)
    assert {path: client.post(path).status_code for path in posts} == dict.fromkeys(posts, 403)


def test_a_large_file_goes_into_the_bucket_first(founder: Client, account: Account) -> None:
    from api.media import bucket

    content = csv_file(SHOPS, ["A", "a@shop.example"]).getvalue()
    begun = founder.post(f"{IMPORT}begin/", {"size": len(content)}).json()
    early = founder.post(IMPORT, {"uploaded": begun["id"]})
    put(begun["url"], content)

    answer = founder.post(IMPORT, {"uploaded": begun["id"]}, follow=True)

    assert "The file did not arrive whole. Upload it again." in early.content.decode()
    assert answer.redirect_chain == [(f"/admin/imports/sheets/{begun['id']}/", 302)]
    assert Sheet.objects.get().state == SheetState.CHECKED
    assert bucket.look_at(Sheet.objects.get().key) is None
    stranger = signed_in(somebody("api.import_data"))
    assert "did not arrive whole" in stranger.post(IMPORT, {"uploaded": begun["id"]}).content.decode()


def test_a_bucket_that_is_away_is_told_and_leaves_no_upload_in_the_list(founder: Client) -> None:
    with bucket_away():
        answer = upload(founder, b"name,email\nA,a@shop.example\n")

    sheet = Sheet.objects.get()
    assert (answer.status_code, sheet.state) == (503, SheetState.UPLOADING)
    assert "Upload it again in a minute; nothing was taken in." in answer.content.decode()
    assert str(sheet.pk) not in founder.get("/admin/imports/").content.decode()
    page = founder.get(f"/admin/imports/sheets/{sheet.pk}/").content.decode()
    assert "The file of this upload has not arrived" in page
    assert "What the check found" not in page


def test_a_file_that_arrived_before_the_bucket_went_away_is_read_by_its_job(founder: Client) -> None:
    content = csv_file(SHOPS, ["A", "a@shop.example"]).getvalue()
    begun = founder.post(f"{IMPORT}begin/", {"size": len(content)}).json()
    put(begun["url"], content)
    sheet = services.finish_upload(
        begun["id"], kind_called("accounts"), scope_id=None, actor="staff:ada", now=timezone.now()
    )

    with bucket_away():
        checked = services.check_small(sheet, now=timezone.now())

    assert checked.state == SheetState.WAITING
    assert check_all(sheet, timezone.now()).state == SheetState.CHECKED


def test_rows_that_belong_to_nothing_have_no_scope(founder: Client, now: datetime) -> None:
    begun = founder.post(f"{IMPORT}begin/?scope=01234567-89ab-7def-8123-456789abcdef", {"size": 9}).json()

    assert Sheet.objects.get().scope_id is None
    assert founder.get(f"/admin/imports/sheets/{begun['id']}/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_long_paste_of_letters_that_are_two_bytes_each_goes_by_the_bucket(signed_in_page: OpenPage) -> None:
    page = signed_in_page(User.objects.create_superuser("ada"))
    shops = [[f"{'Лавка' * 30} {number}", f"shop{number}@shop.example"] for number in range(900)]
    rows = lines([SHOPS, *shops])
    page.goto(IMPORT)

    page.get_by_label("Or paste rows from a spreadsheet").fill(rows)
    page.get_by_role("button", name="Upload and check").click()

    expect(page.get_by_role("heading", name="Being checked")).to_be_visible()
    assert Sheet.objects.get().size == len(rows.encode()) > 256 * 1024 > len(rows)


@pytest.mark.parametrize(("size", "status"), [(0, 413), (10 * MB + 1, 413), ("x", 413), (10 * MB, 200)])
def test_only_files_within_the_limit_may_be_put(size: Any, status: int, founder: Client) -> None:
    assert founder.post(f"{IMPORT}begin/", {"size": size}).status_code == status


def put(url: str, content: bytes) -> None:
    import urllib3

    assert urllib3.request("PUT", url, body=content, retries=False, timeout=30).status == 200
