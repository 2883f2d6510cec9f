"""A person who is erased is in no kept question and in no statement of the log any more, and nobody else is touched."""

import threading
from datetime import datetime

import pytest
from django.db import connections, transaction
from django.utils import timezone

from accounts.models import User
from api.console.forgetting import forget_addresses
from api.console.models import QueryRun, SavedQuery
from api.console.services import Draft, save_question
from api.exceptions import PreconditionFailedError
from tests.waiting import eventually, waiting_backends

pytestmark = pytest.mark.django_db

ANN = "ann@shop.example"


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def bea(db: None) -> User:
    return User.objects.create_user("bea")


def logged(statement: str, now: datetime) -> QueryRun:
    return QueryRun.objects.create(
        statement=statement, actor="staff:bea", with_pii=True, state="answered", started_at=now
    )


@pytest.mark.parametrize(
    ("statement", "left"),
    [
        ("SELECT 'Ann@Shop.example', 'ben@x.example'", "SELECT '(forgotten)', 'ben@x.example'"),
        ("LIKE '%ann@shop.example%'", "LIKE '%(forgotten)%'"),
        ("-- of ann@shop.example.\nSELECT 1", "-- of (forgotten).\nSELECT 1"),
        ("(ann@shop.example,ann@shop.example)", "((forgotten),(forgotten))"),
        ("psql --user=ann@shop.example", "psql --user=(forgotten)"),
        ("SELECT 1 --ann@shop.example", "SELECT 1 --(forgotten)"),
        ("SELECT 1 --+ann@shop.example, ...ann@shop.example", "SELECT 1 --+(forgotten), ...(forgotten)"),
        ("'+ann@shop.example', 'ann@shop.example- urgent'", "'+(forgotten)', '(forgotten)- urgent'"),
        ("SELECT 1 -- ann@shop.example-- see below", "SELECT 1 -- (forgotten)-- see below"),
        ("SELECT 1 --ann@shop.example--see below", "SELECT 1 --(forgotten)--see below"),
        ("'joann@shop.example'", "'joann@shop.example'"),
        ("'jo.ann@shop.example', 'jo-ann@shop.example'", "'jo.ann@shop.example', 'jo-ann@shop.example'"),
        ("'ann@shop.example.org', 'ann@shop.example-shop.org'", "'ann@shop.example.org', 'ann@shop.example-shop.org'"),
    ],
)
def test_the_address_is_forgotten_and_longer_ones_are_somebody_elses(statement: str, left: str, now: datetime) -> None:
    run = logged(statement, now)

    assert forget_addresses([ANN, ""]) == int(statement != left)

    run.refresh_from_db()
    assert run.statement == left


def test_an_apostrophe_is_doubled_in_sql(now: datetime) -> None:
    run = logged("SELECT 'o''neil@shop.example' -- o'neil@shop.example", now)

    assert forget_addresses(["o'neil@shop.example"]) == 1

    run.refresh_from_db()
    assert run.statement == "SELECT '(forgotten)' -- (forgotten)"


def test_whoever_has_no_address_is_found_nowhere(now: datetime) -> None:
    logged("SELECT ''", now)

    assert forget_addresses(["", ""]) == 0


def test_a_kept_question_forgets_in_each_of_its_parts(bea: User, now: datetime) -> None:
    kept = save_question(bea, Draft(f"What of {ANN}?", f"SELECT '{ANN}'", f"Of {ANN} alone.", is_shared=True), now=now)
    long = save_question(bea, Draft(f"{'a' * 112} a@b.de", "SELECT 1"), now=now)

    assert forget_addresses([ANN, "a@b.de"]) == 2

    kept.refresh_from_db()
    long.refresh_from_db()
    assert (kept.name, kept.sql) == ("What of (forgotten)?", "SELECT '(forgotten)'")
    assert kept.description == "Of (forgotten) alone."
    assert long.name == f"{'a' * 112} (forgot"  # as long as a name may be


def test_a_form_from_before_does_not_bring_it_back(bea: User, now: datetime) -> None:
    draft = Draft("What of her?", f"SELECT '{ANN}'")
    kept = save_question(bea, draft, now=now)
    other = save_question(bea, Draft("What of others?", "SELECT 1"), now=now)

    forget_addresses([ANN])

    with pytest.raises(PreconditionFailedError):
        save_question(bea, draft, question=kept, version=kept.version, now=now)
    assert not SavedQuery.objects.filter(sql__contains=ANN).exists()
    assert save_question(bea, draft, question=other, version=other.version, now=now).version == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_who_are_erased_at_once_neither_stays(now: datetime) -> None:
    run = logged(f"SELECT '{ANN}', 'ben@x.example'", now)

    def forget_ben() -> None:
        try:
            with transaction.atomic():
                forget_addresses(["ben@x.example"])
        finally:
            connections.close_all()

    with transaction.atomic():
        forget_addresses([ANN])
        other = threading.Thread(target=forget_ben)
        other.start()
        eventually(waiting_backends, 20)
    other.join()

    run.refresh_from_db()
    assert run.statement == "SELECT '(forgotten)', '(forgotten)'"
