"""A new column is neither shown nor forgotten: each one is listed."""

from django.apps import apps

from api.console.schema import seen_tables
from api.console.tables import HIDDEN_TABLES, TABLES, VIEWS

ADVICE = "list it in api/console/tables.py as shown, personal or hidden"


def columns() -> dict[str, set[str]]:
    models = apps.get_models(include_auto_created=True)
    return {model._meta.db_table: {str(field.column) for field in model._meta.concrete_fields} for model in models}


def test_each_table_is_listed_or_hidden() -> None:
    assert columns().keys() - TABLES.keys() - HIDDEN_TABLES == set(), ADVICE
    assert TABLES.keys() | HIDDEN_TABLES <= columns().keys() | {"django_migrations"}
    assert not TABLES.keys() & HIDDEN_TABLES


def test_each_column_of_a_listed_table_is_listed_once() -> None:
    for name, table in TABLES.items():
        assert sorted(table.all()) == sorted(columns()[name]), f"{name}: {ADVICE}"


def test_what_opens_something_is_hidden_from_everybody() -> None:
    suspicious = {
        "token",
        "secret",
        "digest",
        "password",
        "key",
        "former_secrets",
        "lease_token",
        "poster_key",
    }

    shown = {column for table in TABLES.values() for column in table.readable(with_pii=True)}

    assert shown & suspicious == set()
    assert TABLES["api_rendercallback"].hidden == "payload"  # has signed addresses in it


def test_what_is_said_of_people_is_personal() -> None:
    gift = TABLES["api_gift"]

    assert set(gift.readable(with_pii=True)) - set(gift.readable(with_pii=False)) == {
        "sender_name", "sender_email", "recipient_name", "recipient_email", "message", "fields", "product", "metadata",
        "failure", "bounced_email",
    }  # fmt: skip


def test_who_of_the_team_did_a_thing_is_personal_wherever_it_stands() -> None:
    names = {"actor", "created_by", "revoked_by", "canceled_by"}

    assert names & {column for table in TABLES.values() for column in table.readable(with_pii=False)} == set()


def test_the_browser_lists_what_may_be_read_and_nothing_hidden() -> None:
    for with_pii in (False, True):
        seen = {table.name: table for table in seen_tables(with_pii=with_pii)}
        assert list(seen) == [*TABLES, *VIEWS]
        readable = [column.name for column in seen["api_gift"].columns if column.is_readable]
        assert readable == TABLES["api_gift"].readable(with_pii=with_pii)
        assert "token" not in {column.name for column in seen["api_gift"].columns}
    gift = seen["api_gift"]
    assert gift.meaning == "A film for somebody."
    status = next(column for column in gift.columns if column.name == "status")
    assert (status.type, status.meaning.partition(",")[0]) == ("text", "One of draft")
