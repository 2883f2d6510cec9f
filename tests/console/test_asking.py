"""Asking: what comes of it, what is kept of it, and how many may at a time."""

import threading
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.keys import generate
from accounts.models import Account, User
from api.audit.models import AuditEntry
from api.console import driver
from api.console.forgetting import forget_addresses
from api.console.grants import grant_console
from api.console.login import console_login
from api.console.models import QueryRun, SavedQuery
from api.console.questions import read_questions
from api.console.selectors import OVERDUE
from api.console.services import (
    Asked,
    Draft,
    Told,
    ask_database,
    delete_question,
    end_overdue,
    purge_runs,
    save_question,
    seed_questions,
    stop_run,
)
from api.console.statements import parameters_of, read_statement
from api.exceptions import (
    ApplicationError,
    ForbiddenError,
    InvalidStateError,
    NotFoundError,
    PreconditionFailedError,
    UnavailableError,
)
from api.gifts.models import Gift
from api.today.services import make_figures
from giftflick.database.logins import Login
from tests.console.conftest import fetch
from tests.secrets.conftest import MakeSecret, make_secret, manager
from tests.waiting import eventually, waiting_backends

__all__ = ["make_secret", "manager"]

pytestmark = pytest.mark.django_db


FORMER_LOCKS = [0x636F_6E73_6F6C, 7_340_021, 0x6772_616E_7473]  # of asking, of Today, of grants


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def bea(told: Account, db: None) -> User:
    return User.objects.create_user("bea")


def ask(user: User, statement: str, **asked: object) -> Told:
    return ask_database(user, Asked(statement, **asked), now=timezone.now())  # type: ignore[arg-type]


def test_an_answer_has_rows_and_a_run_that_says_who_asked(bea: User) -> None:
    told = ask(bea, "SELECT count(*) AS gifts FROM api_gift WHERE status = :status", given={"status": "sent"})

    assert told.answer is not None
    assert [column.name for column in told.answer.columns] == ["gifts"]
    assert told.answer.rows == [["1"]]
    run = QueryRun.objects.get()
    assert (run.user, run.actor, run.state, run.rows, run.parameters) == (bea, "staff:bea", "answered", 1, ["status"])
    assert (run.with_pii, run.is_download, run.code) == (False, False, "")
    assert run.ms is not None
    entry = AuditEntry.objects.get(action="console.run")
    assert (entry.actor, entry.object_id, entry.door) == ("staff:bea", str(run.pk), "admin")


def test_a_parameters_value_is_kept_nowhere(bea: User) -> None:
    told = ask(bea, "SELECT :who", given={"who": "ben@example.com"})

    assert told.answer is not None
    assert told.answer.rows == [["ben@example.com"]]
    kept = [*QueryRun.objects.values(), *AuditEntry.objects.filter(action="console.run").values()]
    assert len(kept) == 2
    assert "ben@example.com" not in str(kept)


def test_a_value_cannot_become_a_statement(bea: User) -> None:
    told = ask(bea, "SELECT count(*) FROM api_gift WHERE order_reference = :x", given={"x": "' OR true; --"})

    assert told.answer is not None
    assert told.answer.rows == [["0"]]


@pytest.mark.parametrize(
    ("statement", "code", "words", "place"),
    [
        ("SELECT id,\n  nme FROM api_gift", "42703", "", (2, 3)),
        ("SELECT token FROM api_gift", "42501", "token of api_gift would open something", (0, 0)),
        ("SELECT recipient_email FROM api_gift", "42501", "holds personal data", (0, 0)),
        ("SELECT * FROM api_gift", "42501", "name those that you want", (0, 0)),
        ("SELECT * FROM accounts_user", "42501", "nobody's to read here", (0, 0)),
        ("SELECT id FROM gift", "42P01", "Did you mean api_gift?", (1, 16)),
        ("SELECT statsu FROM api_gift", "42703", "api_gift.status", (1, 8)),
        ("SELECT id FROM api_gift; SELECT 1", "42601", "one thing at a time", (0, 0)),
        ("DELETE FROM api_gift", "25006", "only reads", (0, 0)),
        ("SELECT :a + FROM api_gift", "42601", "does not expect", (1, 13)),
        ("SELECT id FROM api_gift LIMIT :a", "42804", "write its type after it, as in :n::int", (1, 31)),
    ],
)
def test_a_mistake_is_explained_with_its_place(
    bea: User, statement: str, code: str, words: str, place: tuple[int, int]
) -> None:
    told = ask(bea, statement, given={"a": "1"})

    assert told.problem is not None
    assert (told.problem.code, told.run.state, told.run.code) == (code, "refused", code)
    assert words in told.problem.hint
    assert (told.problem.line, told.problem.column) == place


def test_of_a_long_line_the_part_with_the_mistake_is_shown(bea: User) -> None:
    told = ask(bea, "SELECT " + "1, " * 100 + "nme FROM api_gift")

    assert told.problem is not None
    assert told.problem.excerpt.startswith("…1, 1, ")
    assert told.problem.excerpt[told.problem.mark :].startswith("nme FROM")


def test_what_takes_too_long_says_what_to_do(bea: User) -> None:
    told = ask(bea, "SELECT pg_sleep(30)")

    assert told.problem is not None
    assert told.problem.message == "It took longer than 5 seconds and was stopped."
    assert "id_at" in told.problem.hint
    assert QueryRun.objects.get().state == "cut_off"


@pytest.mark.parametrize("statement", ["", "  \n ", "x" * 50_001, " ".join(f":p{n}" for n in range(31))])
def test_what_makes_no_sense_never_reaches_the_database(bea: User, statement: str) -> None:
    with pytest.raises(ApplicationError):
        ask(bea, statement)

    assert not QueryRun.objects.exists()


def test_personal_data_is_for_the_login_that_may_see_it(bea: User) -> None:
    statement = "SELECT DISTINCT recipient_name FROM api_gift WHERE recipient_name <> ''"

    assert ask(bea, statement).problem is not None
    told = ask(bea, statement, with_pii=True)

    assert told.answer is not None
    assert told.answer.rows == [["Ben"]]
    assert list(QueryRun.objects.order_by("id").values_list("with_pii", flat=True)) == [False, True]


def running(user: User, now: datetime, **changes: object) -> QueryRun:
    fields = {"user": user, "actor": "staff:x", "statement": "SELECT 1", "with_pii": False, "started_at": now}
    return QueryRun.objects.create(**{**fields, **changes})


def test_one_question_at_a_time_for_each_and_three_for_all(bea: User, now: datetime) -> None:
    mine = running(bea, now)
    with pytest.raises(InvalidStateError, match="still being answered"):
        ask(bea, "SELECT 1")
    mine.delete()
    for name in "xyz":
        running(User.objects.create_user(name), now)

    with pytest.raises(ApplicationError, match="3 questions are being answered"):
        ask(bea, "SELECT 1")


def test_who_may_ask_holds_up_neither_others_nor_the_figures(bea: User, login: Login, now: datetime) -> None:
    """Whatever number an advisory lock of ours might have, who is in the same database may take it, too."""
    fetch("SET LOCAL lock_timeout = '3s'")
    with closing(login.connect()) as greedy, greedy.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(lock) FROM unnest(%s::bigint[]) lock", [FORMER_LOCKS])

        assert ask(bea, "SELECT 1").answer is not None
        assert make_figures(now=now)
        assert grant_console() != []


def test_a_release_that_waits_for_a_long_answer_holds_up_nobody_else(bea: User, login: Login, now: datetime) -> None:
    fetch("SET LOCAL lock_timeout = '3s'")
    QueryRun.objects.create(
        statement="SELECT 'ann@shop.example'", actor="staff:bea", with_pii=True, state="answered", started_at=now
    )
    granted: list[str] = []

    def release() -> None:
        try:
            granted.extend(grant_console())
        finally:
            connection.close()

    with closing(login.connect()) as reading, reading.cursor() as cursor:
        cursor.execute("BEGIN; SELECT 1 FROM failures LIMIT 1")
        releasing = threading.Thread(target=release)
        releasing.start()
        eventually(waiting_backends, 10)

        assert ask(bea, "SELECT 1").answer is not None
        assert forget_addresses(["ann@shop.example"]) == 1
    releasing.join()

    assert granted != []


def test_a_run_that_was_left_behind_blocks_nobody(bea: User, now: datetime) -> None:
    running(bea, now - OVERDUE - timedelta(seconds=1))

    assert ask(bea, "SELECT 1").answer is not None


def test_the_tick_ends_what_a_killed_process_left_running(
    bea: User, login: Login, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a block that hears no cancel, whose process was killed before it could end it."""
    monkeypatch.setattr("api.console.services.clearing.OLDER_THAN_S", 0)
    stubborn = (
        "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(9); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$"
    )
    with closing(login.connect()) as left, left.cursor() as cursor:
        pid = left.get_backend_pid()
        thread = threading.Thread(target=lambda: _swallow(lambda: cursor.execute(stubborn)))
        thread.start()
        run = running(bea, now - OVERDUE)
        eventually(lambda: _is_busy(login, pid), 10)

        assert end_overdue(now=now) == 1

        thread.join(10)
        assert not thread.is_alive()
    run.refresh_from_db()
    assert run.state == "lost"
    assert end_overdue(now=now) == 0


def _is_busy(login: Login, pid: int) -> bool:
    activity = f"SELECT state FROM pg_stat_activity WHERE pid = {pid}"  # noqa: S608 - a number
    return driver.ask(login, activity, name="look", wait_s=5).rows == [["active"]]


def _swallow(act: object) -> None:
    import psycopg2

    with pytest.raises(psycopg2.Error):
        act()  # type: ignore[operator]


@pytest.mark.usefixtures("long_questions")
def test_stopping_ends_the_question_of_that_person_alone(bea: User, login: Login, now: datetime) -> None:
    run = running(bea, now)
    outcome: list[Exception] = []

    def wait() -> None:
        try:
            driver.ask(login, "SELECT pg_sleep(60)", name=f"console {run.pk}", wait_s=5)
        except driver.StatementError as error:
            outcome.append(error)

    thread = threading.Thread(target=wait)
    thread.start()

    with pytest.raises(ApplicationError, match="No question of yours"):
        stop_run(User.objects.create_user("carl"), now=now)

    def is_stopped() -> bool:
        stop_run(bea, now=now)
        return not thread.is_alive()

    eventually(is_stopped, 30)  # more than once: one that comes before the statement has nothing to stop
    [error] = outcome
    assert isinstance(error, driver.StatementError)
    assert "user request" in error.message


def test_runs_are_kept_for_400_days(bea: User, now: datetime) -> None:
    running(bea, now - timedelta(days=401), state="answered")
    kept = running(bea, now - timedelta(days=399), state="answered")

    assert purge_runs(now=now) == 1
    assert list(QueryRun.objects.all()) == [kept]


def test_where_it_is_not_set_up_it_says_how(bea: User, settings: Any) -> None:
    settings.CONSOLE_DATABASE_URL = ""

    with pytest.raises(UnavailableError, match="CONSOLE_DATABASE_URL"):
        ask(bea, "SELECT 1")


def test_the_applications_own_login_is_never_used(bea: User, settings: Any) -> None:
    settings.CONSOLE_DATABASE_URL = settings.CONSOLE_DATABASE_URL.replace("giftflick_console", "giftflick")

    with pytest.raises(UnavailableError, match="as giftflick_console and as nobody else"):
        ask(bea, "SELECT 1")


@pytest.mark.parametrize("broken", ["//giftflick_console:wrong@", "@127.0.0.1:1/"])
def test_a_database_that_lets_nobody_in_is_told_without_the_login(bea: User, settings: Any, broken: str) -> None:
    url = settings.CONSOLE_DATABASE_URL
    password, place = url.split("@")[0].rpartition(":")[2], url.partition("@")[2]
    settings.CONSOLE_DATABASE_URL = (
        url.replace(f":{password}@", ":wrong@") if "wrong" in broken else url.replace(place, "127.0.0.1:1/giftflick")
    )

    with pytest.raises(UnavailableError) as refused:
        ask(bea, "SELECT 1")

    assert password not in str(refused.value)
    assert QueryRun.objects.get().state == "lost"


def test_the_login_comes_from_the_secret_where_there_is_one(
    told: Account, settings: Any, make_secret: MakeSecret
) -> None:
    place = {"host": "db", "port": 5432, "dbname": "giftflick"}
    settings.CONSOLE_DATABASE_SECRET = make_secret(
        {"giftflick_console": {"username": "giftflick_console", "password": "x", **place}}
    )

    login = console_login(with_pii=False)

    assert (login.username, login.host, login.port, login.sslmode) == ("giftflick_console", "db", 5432, "require")
    with pytest.raises(UnavailableError, match="not made yet"):
        console_login(with_pii=True)


# ---- Questions that are kept.


@pytest.mark.parametrize("seed", read_questions())
def test_each_question_that_giftflick_comes_with_has_an_answer(bea: User, seed: str) -> None:
    question = SavedQuery.objects.get(seed=seed)
    parameters = parameters_of(read_statement(question.sql))
    gift = Gift.objects.get(order_reference="SO-1001")
    given = {one.name: one.default for one in parameters} | {"gift_id": str(gift.pk), "reference": "SO-1001"}

    told = ask(bea, question.sql, given=given, question=question, with_pii=question.needs_pii)

    assert told.problem is None, told.problem
    assert told.answer is not None
    assert told.answer.columns
    if seed not in {
        "waiting-for-payment",
        "unused-keys",
        "quiet-shops",
        "expiring-soon",
        "possible-doubles",
        "slowest-renders",
    }:
        assert told.answer.rows, seed
    assert told.run.ms is not None
    assert told.run.ms < 5000


def test_twenty_and_more_questions_come_along_and_two_read_personal_data(bea: User) -> None:
    questions = read_questions()

    assert len(questions) >= 20
    assert {seed for seed, draft in questions.items() if draft["needs_pii"]} == {
        "bounces-by-domain",
        "repeated-recipients",
    }
    assert all(draft["name"] and draft["description"] for draft in questions.values())


def test_a_question_that_needs_no_personal_data_is_answered_without(bea: User) -> None:
    for question in SavedQuery.objects.filter(needs_pii=True):
        given = {one.name: one.default for one in parameters_of(read_statement(question.sql))}
        problem = ask(bea, question.sql, given=given).problem
        assert problem is not None
        assert problem.code == "42501"


def test_seeding_again_renews_what_nobody_has_changed(bea: User, now: datetime) -> None:
    SavedQuery.objects.filter(seed="dead-jobs").update(sql="SELECT 1")
    SavedQuery.objects.filter(seed="gifts-by-shop").update(sql="SELECT 2", version=2)

    seed_questions(now=now)

    assert SavedQuery.objects.get(seed="dead-jobs").sql == read_questions()["dead-jobs"]["sql"].strip()
    assert SavedQuery.objects.get(seed="gifts-by-shop").sql == "SELECT 2"
    assert SavedQuery.objects.filter(seed__isnull=False).count() == len(read_questions())


def test_two_who_change_the_same_question_do_not_overwrite_each_other(bea: User, now: datetime) -> None:
    kept = save_question(bea, Draft("How many?", "SELECT 1"), now=now)
    save_question(bea, Draft("How many?", "SELECT 2"), question=kept, version=1, now=now)

    with pytest.raises(PreconditionFailedError, match="Nothing was overwritten"):
        save_question(bea, Draft("How many?", "SELECT 3"), question=kept, version=1, now=now)

    kept.refresh_from_db()
    assert (kept.sql, kept.version) == ("SELECT 2", 2)
    changed = AuditEntry.objects.get(action="question.changed")
    assert changed.changes == {"sql": [], "version": [1, 2]}


def test_the_audit_log_has_none_of_a_questions_words_which_may_name_somebody(bea: User, now: datetime) -> None:
    mine = save_question(bea, Draft("What of Ana?", "SELECT 'ana@x.example'"), now=now)
    save_question(bea, Draft("And Ben?", "SELECT 'ben@x.example'"), question=mine, version=1, now=now)
    delete_question(bea, mine, now=now)
    ours = save_question(bea, Draft("Of ana@x.example", "SELECT 41 + 1", "And of Ben", is_shared=True), now=now)
    save_question(bea, Draft("Of her", "SELECT 41 + 1", is_shared=True), question=ours, version=1, now=now)

    told = str(list(AuditEntry.objects.filter(action__startswith="question.").values_list("action", "changes")))

    assert not any(words in told for words in ("Ana", "Ben", "x.example", "41"))
    assert all(words in told for words in ("question.deleted", "'is_shared': [None, True]"))
    changed = AuditEntry.objects.filter(action="question.changed").latest("pk")
    assert changed.changes == {"description": [], "name": [], "version": [1, 2]}


def test_a_question_that_is_deleted_while_it_is_changed_is_told(bea: User, now: datetime) -> None:
    kept = save_question(bea, Draft("How many?", "SELECT 1"), now=now)
    SavedQuery.objects.filter(pk=kept.pk).delete()

    with pytest.raises(NotFoundError, match="save a copy"):
        save_question(bea, Draft("How many?", "SELECT 2"), question=kept, version=1, now=now)


def test_the_audit_log_names_a_shared_question_that_is_gone(bea: User, now: datetime) -> None:
    ours = save_question(bea, Draft("How many?", "SELECT 1", is_shared=True), now=now)

    delete_question(bea, ours, now=now)

    gone = AuditEntry.objects.get(action="question.deleted")
    assert gone.changes == {"is_shared": [True, None], "name": ["How many?", None]}


def test_a_key_that_was_pasted_is_neither_logged_nor_kept(bea: User, now: datetime) -> None:
    key = generate(livemode=True)

    ask(bea, f"SELECT 1 WHERE '{key}' = ''")
    with pytest.raises(ApplicationError, match="a key or another secret"):
        save_question(bea, Draft("Whose?", f"SELECT '{key}'"), now=now)

    assert key not in QueryRun.objects.get().statement


def test_a_question_that_comes_with_giftflick_stays_for_everybody(bea: User, now: datetime) -> None:
    seeded = SavedQuery.objects.get(seed="dead-jobs")
    founder = User.objects.create_superuser("ada2")

    kept = save_question(founder, Draft("Mine?", "SELECT 1", is_shared=False), question=seeded, version=1, now=now)

    assert (kept.name, kept.is_shared) == ("Mine?", True)


def test_ones_own_questions_go_with_their_owner_and_shared_ones_stay(bea: User, now: datetime) -> None:
    save_question(bea, Draft("Mine?", "SELECT 1"), now=now)
    save_question(bea, Draft("Ours?", "SELECT 1", is_shared=True), now=now)

    bea.delete()

    [left] = SavedQuery.objects.filter(seed=None)
    assert (left.name, left.owner) == ("Ours?", None)


def test_a_shared_question_is_its_owners_or_a_founders_to_change(bea: User, now: datetime) -> None:
    kept = save_question(bea, Draft("How many?", "SELECT 1", is_shared=True), now=now)
    carl, founder = User.objects.create_user("carl"), User.objects.create_superuser("ada2")

    with pytest.raises(ForbiddenError):
        save_question(carl, Draft("Mine", "SELECT 2"), question=kept, version=1, now=now)
    with pytest.raises(ForbiddenError):
        delete_question(carl, kept, now=now)
    save_question(founder, Draft("Ours", "SELECT 2", is_shared=True), question=kept, version=1, now=now)
    delete_question(founder, kept, now=now)
    with pytest.raises(ForbiddenError, match="comes with Giftflick"):
        delete_question(founder, SavedQuery.objects.get(seed="dead-jobs"), now=now)

    assert not SavedQuery.objects.filter(pk=kept.pk).exists()


@pytest.mark.parametrize(
    "draft", [Draft("", "SELECT 1"), Draft("x", " "), Draft("x" * 121, "SELECT 1"), Draft("x", "\0")]
)
def test_a_question_needs_a_name_and_a_statement(bea: User, draft: Draft, now: datetime) -> None:
    with pytest.raises(ApplicationError):
        save_question(bea, draft, now=now)


def test_settings_are_the_consoles_own(told: Account) -> None:
    assert settings.CONSOLE_DATABASE_URL.startswith("postgres://giftflick_console:")
    assert settings.CONSOLE_PII_DATABASE_URL.startswith("postgres://giftflick_console_pii:")
