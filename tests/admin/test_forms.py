"""What founders type: API keys, templates, accounts."""

import json
import subprocess
import sys
from datetime import datetime, timedelta
from importlib import resources
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import Account, ApiKey
from api.audit.models import AuditEntry
from api.media import bucket
from api.templates.models import Template
from tests.admin.forms import save

KEYS = "/admin/accounts/apikey/"
ACCOUNTS = "/admin/accounts/account/"
TEMPLATES = "/admin/api/template/"


def key_form(account: Account, /, **changes: Any) -> dict[str, Any]:
    scopes = ["account:read", "gifts:read"]
    empty = {"expires_at_0": "", "expires_at_1": ""}
    return {
        "account": account.pk,
        "name": "Web page",
        "mode": "live",
        "purpose": "own",
        "scopes": scopes,
        **empty,
        **changes,
    }


def account_of(key: str) -> Any:
    return APIClient(headers={"X-API-Key": key}).get("/v1/account")


@pytest.mark.parametrize("mode", ["live", "test"])
def test_an_issued_key_is_shown_once_and_works(mode: str, founder: Client, account: Account) -> None:
    answer = founder.post(f"{KEYS}add/", key_form(account, mode=mode))

    record = ApiKey.objects.get()
    key = answer.context["whole_key"]
    text = answer.content.decode()
    assert (answer.status_code, text.count(key), "a test key" in text) == (200, 1, mode == "test")
    assert "no-store" in answer["Cache-Control"]
    assert (record.created_by, record.scopes) == ("ada", ["account:read", "gifts:read"])
    shown = account_of(key)
    assert (shown.status_code, shown.json()["livemode"]) == (200, mode == "live")

    secret = key.rpartition("_")[2]
    kept = [str(vars(row)) for row in [record, *AuditEntry.objects.all()]] + [str(dict(founder.session))]
    kept += [str(answer.cookies), str(answer.headers)] + [str(message) for message in get_messages(answer.wsgi_request)]
    for path in ["/admin/", KEYS, f"{KEYS}{record.pk}/change/", f"{KEYS}{record.pk}/history/"]:
        kept.append(founder.get(path).content.decode())
    assert [place for place in kept if secret in place or record.digest in place] == kept[:1]
    assert secret not in kept[0]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"account": "not-a-uuid"}, "account"),
        ({"mode": "both"}, "mode"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"expires_at_0": "2020-01-01", "expires_at_1": "00:00"}, "expires_at"),
        ({"expires_at_0": "tomorrow", "expires_at_1": "noon"}, "expires_at"),
    ],
)
def test_a_key_that_makes_no_sense_is_not_issued(
    changes: dict[str, Any], field: str, founder: Client, account: Account
) -> None:
    answer = founder.post(f"{KEYS}add/", key_form(account, **changes))

    assert answer.status_code == 200
    assert list(answer.context["adminform"].form.errors) == [field]
    assert not ApiKey.objects.exists()


def test_a_key_expires_when_its_form_says(founder: Client, account: Account, now: datetime) -> None:
    at = (now + timedelta(days=30)).replace(microsecond=0)

    founder.post(f"{KEYS}add/", key_form(account, expires_at_0=f"{at:%Y-%m-%d}", expires_at_1=f"{at:%H:%M:%S}"))

    assert ApiKey.objects.get().expires_at == at


def test_a_revoked_key_is_refused_and_keeps_its_first_hour(founder: Client, account: Account) -> None:
    key = founder.post(f"{KEYS}add/", key_form(account)).context["whole_key"]
    record = ApiKey.objects.get()

    page = f"/admin/keys/revoke/?key={record.pk}"
    assert founder.post(page, {"reason": "it leaked"}).status_code == 302
    assert account_of(key).status_code == 401
    record.refresh_from_db()
    founder.post(page, {"reason": "it leaked once more"})
    assert ApiKey.objects.get().revoked_at == record.revoked_at
    assert "API key revoked" in founder.get(f"{KEYS}{record.pk}/history/").content.decode()


def file_named(name: str, sent_as: str | None = None) -> SimpleUploadedFile:
    content = (resources.files("api.templates") / "definitions" / name).read_bytes()
    return SimpleUploadedFile(sent_as or name, content)


def test_a_template_goes_in_with_its_script_and_its_files(founder: Client, definition: dict[str, Any]) -> None:
    files = {"preview": file_named("birthday-confetti-preview.jpg", "a frame.png")}

    assert founder.post(f"{TEMPLATES}add/", {**definition, **files}).status_code == 302

    template = Template.objects.get()
    assert (template.status, template.scenes) == ("draft", json.loads(definition["scenes"]))
    name = template.preview.name
    assert str(name).endswith(".jpg")
    stored = bucket.look_at(str(name))
    assert stored is not None
    assert (stored.size, stored.content_type) == (len(file_named("birthday-confetti-preview.jpg").read()), "image/jpeg")
    page = founder.get(f"{TEMPLATES}{template.pk}/change/").content.decode()
    assert "\n    &quot;kind&quot;: &quot;title&quot;," in page

    save(founder, f"{TEMPLATES}{template.pk}/change/", {**definition, "name": "Confetti!"})
    template.refresh_from_db()
    assert (template.name, template.preview.name) == ("Confetti!", name)


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("scenes", "[{", "Line 1, column 3: a name in double quotes should stand here"),
        ("scenes", "[" * 50_000, "more brackets within brackets"),
        ("scenes", "[]", "This field is required."),
        ("scenes", '[{"kind": "message", "otherwise": "Hello"}]', "scenes: A scene of the kind title is missing."),
        ("scenes", '{"kind": "title"}', "scenes: Must be a list of scenes."),
        ("theme", '{"background": "red"}', "theme.background: Must be a colour such as #4A1D5F."),
        ("theme", "NaN", "theme: Must be an object."),
        ("fields", '[{"name": "sender"}]', "fields.0.name: Every film knows this name already."),
        ("fields", '"\\ud800"', "There is half a character in this"),
        ("fields", '[{"name": "a\\u0000"}]', "fields.0.name: Must be small letters, digits and underscores"),
        ("slug", "two words", "Enter a valid “slug”"),
        ("duration_s", "-1", "greater than or equal to 0"),
        ("name", "a\x00b", "Null characters are not allowed."),
    ],
)
def test_a_template_that_no_film_can_be_made_from_is_refused_at_its_field(
    field: str, typed: str, told: str, founder: Client, definition: dict[str, Any]
) -> None:
    answer = founder.post(f"{TEMPLATES}add/", {**definition, field: typed})

    errors = answer.context["adminform"].form.errors
    assert list(errors) == [field]
    assert any(told in error for error in errors[field]), errors
    assert not Template.objects.exists()


def test_broken_json_comes_back_as_it_was_typed(founder: Client, definition: dict[str, Any]) -> None:
    answer = founder.post(f"{TEMPLATES}add/", {**definition, "scenes": '[{"kind": oops'})

    assert "[{&quot;kind&quot;: oops" in answer.content.decode()


@pytest.mark.parametrize(
    ("typed", "kept"), [("", []), ("Shop.Example.com, b-side.example", ["shop.example.com", "b-side.example"])]
)
def test_an_accounts_domains_are_host_names(typed: str, kept: list[str], founder: Client, account: Account) -> None:
    save(founder, f"{ACCOUNTS}{account.pk}/change/", account_form(account, domains=typed))

    account.refresh_from_db()
    assert account.domains == kept


@pytest.mark.parametrize("typed", ["https://shop.example", "shop.example/path", "localhost", "a..example", "x" * 300])
def test_what_is_no_host_name_is_refused(typed: str, founder: Client, account: Account) -> None:
    answer = save(founder, f"{ACCOUNTS}{account.pk}/change/", account_form(account, domains=typed))

    assert list(answer.context["adminform"].form.errors) == ["domains"]


def account_form(account: Account, **changes: Any) -> dict[str, Any]:
    names = ["name", "email", "order_gate", "requests_per_minute", "mails_per_day"]
    return {**{name: getattr(account, name) for name in names}, **changes}


def test_the_first_form_that_a_process_shows_looks_like_the_others() -> None:
    """Unfold draws labels once its own view of a form was called; the pages of keys and templates go around that."""
    code = (
        "import django; django.setup(); import giftflick.admin_urls;"
        "from django.contrib.admin import helpers; print(helpers.AdminForm.__module__, helpers.Fieldline.__module__)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["unfold.forms", "unfold.forms"]
