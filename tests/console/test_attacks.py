"""What somebody in the console could try: refused or cut off by role, protocol and time, never by a list of words."""

import os
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from django.db import connection

from api.console import driver
from api.console.tables import TABLES
from giftflick.console_roles import ROLES
from giftflick.database.logins import Login
from tests.console.conftest import LOGINS, fetch
from tests.waiting import eventually

pytestmark = pytest.mark.django_db

FILE = Path("/tmp/giftflick-attack")  # noqa: S108 - what attempts name
# What no attempt may take longer than: the time limit, a cancel, and the end of the connection.
ENDED_WITHIN_S = 9.0
STUBBORN = """
DO $$ BEGIN LOOP
  BEGIN PERFORM set_config('statement_timeout', '0', false); PERFORM pg_sleep(60);
  EXCEPTION WHEN query_canceled THEN NULL; END;
END LOOP; END $$
"""

# PostgreSQL's codes: 25006 read-only, 42501 no right, 42601 not one statement (or none), 57014 canceled.
REFUSED = {
    # Writing.
    "insert": ("INSERT INTO api_thanks (id) VALUES (gen_random_uuid())", "25006"),
    "update": ("UPDATE api_gift SET status = 'paid'", "25006"),
    "update of nothing": ("UPDATE api_gift SET status = 'paid' WHERE false", "25006"),
    "delete": ("DELETE FROM api_gift", "25006"),
    "merge": ("MERGE INTO api_gift g USING api_gift s ON g.id = s.id WHEN MATCHED THEN DELETE", "25006"),
    "truncate": ("TRUNCATE api_gift CASCADE", "42501 25006"),
    "writing within WITH": ("WITH gone AS (DELETE FROM api_gift RETURNING id) SELECT * FROM gone", "25006"),
    "locking rows": ("SELECT id FROM api_gift FOR UPDATE", "25006"),
    "locking a table": ("LOCK TABLE api_gift IN ACCESS EXCLUSIVE MODE", "42501"),
    "explaining a write for real": ("EXPLAIN ANALYZE DELETE FROM api_gift", "25006"),
    # Making, changing, giving.
    "a table": ("CREATE TABLE mine (id int)", "42501 25006"),
    "a temporary table": ("CREATE TEMP TABLE mine (id int)", "42501 25006"),
    "a table from a query": ("SELECT id INTO mine FROM api_gift", "42501 25006"),
    "a table as a query": ("CREATE TABLE mine AS SELECT id FROM api_gift", "42501 25006"),
    "a view": ("CREATE VIEW mine AS SELECT token FROM api_gift", "42501 25006"),
    "the view": ("CREATE OR REPLACE VIEW failures AS SELECT token FROM api_gift", "42501 25006"),
    "a function": ("CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'", "42501 25006"),
    "a function with its owner's rights": (
        "CREATE FUNCTION pg_temp.mine() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
        "42501 25006",
    ),
    "a language": ("CREATE LANGUAGE plpython3u", "42501 25006 58P01"),
    "an extension": ("CREATE EXTENSION dblink", "42501 25006 58P01 0A000"),
    "a schema": ("CREATE SCHEMA mine", "42501 25006"),
    "a role": ("CREATE ROLE mine SUPERUSER", "42501 25006"),
    "a server elsewhere": ("CREATE SERVER mine FOREIGN DATA WRAPPER postgres_fdw", "42501 25006 42704"),
    "a publication": ("CREATE PUBLICATION mine FOR ALL TABLES", "42501 25006"),
    "a trigger on events": ("CREATE EVENT TRIGGER mine ON ddl_command_start EXECUTE FUNCTION f()", "42501 25006 42883"),
    "changing a table": ("ALTER TABLE api_gift ADD COLUMN mine int", "42501 25006"),
    "changing the own role": ("ALTER ROLE CURRENT_USER SET default_transaction_read_only TO off", "25006"),
    "the own rights": ("ALTER ROLE CURRENT_USER SUPERUSER", "42501 25006"),
    "the system's settings": ("ALTER SYSTEM SET fsync = off", "42501 25006 25001"),
    "dropping": ("DROP TABLE api_gift CASCADE", "42501 25006"),
    "dropping the database": ("DROP DATABASE giftflick", "42501 25006 25001"),
    "granting": ("GRANT SELECT ON api_gift TO PUBLIC", "25006"),
    "a comment": ("COMMENT ON TABLE api_gift IS 'mine'", "42501 25006"),
    "a security label": ("SECURITY LABEL ON TABLE api_gift IS 'mine'", "22023 42501 25006"),
    "refreshing": ("REFRESH MATERIALIZED VIEW api_gift", "42501 25006 42809"),
    "vacuuming": ("VACUUM FULL", "25001"),
    "reindexing": ("REINDEX TABLE api_gift", "42501 25006"),
    "clustering": ("CLUSTER api_gift", "42501 25006"),
    "a checkpoint": ("CHECKPOINT", "42501"),
    "loading a library": ("LOAD 'plpgsql.so'", "42501 58P01"),
    # Being somebody else.
    "another role": ("SET ROLE giftflick", "42501"),
    "another role for a moment": ("SET LOCAL ROLE giftflick", "42501"),
    "another session": ("SET SESSION AUTHORIZATION giftflick", "42501"),
    "another role by function": ("SELECT set_config('role', 'giftflick', false)", "42501"),
    "another session by function": ("SELECT set_config('session_authorization', 'giftflick', false)", "42501"),
    "read-write by function": ("SELECT set_config('transaction_read_only', 'off', true)", "25001"),
    "a superuser's setting": ("SELECT set_config('log_statement', 'all', false)", "42501"),
    # More than one statement.
    "two statements": ("SELECT 1; SELECT 2", "42601"),
    "the way out of psycopg2": ("select 1; rollback; begin read write; delete from outbox; commit", "42601"),
    "a comment before the second": ("SELECT 1 /* ; */ ; -- \n DROP TABLE api_gift", "42601"),
    "a second one in dollars": ("SELECT $a$;$a$; COMMIT", "42601"),
    "a second one after a nested comment": ("SELECT 1 /* /* */ */ ; UPDATE outbox SET state = 'dead'", "42601"),
    "a second one after a backslash": ("SELECT '\\'; DROP TABLE api_gift; --'", "22023 42601"),
    "a second one after E''": ("SELECT E'\\'' ; COMMIT; --'", "42601"),
    "a second one after unicode": ("SELECT U&'\\0027'; COMMIT", "42601"),
    "preparing and executing": ("PREPARE mine AS SELECT 1; EXECUTE mine", "42601"),
    "a transaction of its own": ("BEGIN READ WRITE; DELETE FROM api_gift; COMMIT", "42601"),
    "a full-width semicolon": ("SELECT 1； DROP TABLE api_gift", "42601"),  # noqa: RUF001 - that is the attempt
    # What a function does.
    "a block that writes": ("DO $$ BEGIN DELETE FROM api_gift; END $$", "25006"),
    "a block that commits": ("DO $$ BEGIN COMMIT; DELETE FROM api_gift; END $$", "2D000"),
    "a block with SQL from a text": (
        "DO $$ BEGIN EXECUTE 'SET TRANSACTION READ WRITE'; EXECUTE 'DELETE FROM outbox'; END $$",
        "25001 42501",
    ),
    "a procedure": ("CALL nobody()", "42883"),
    "the next number": ("SELECT nextval('outbox_id_seq')", "42501 25006"),
    "another number": ("SELECT setval('outbox_id_seq', 1)", "42501 25006"),
    "the sequence itself": ("SELECT last_value FROM outbox_id_seq", "42501"),
    "SQL from a text, as XML": (
        "SELECT query_to_xml('DELETE FROM api_gift RETURNING id', true, true, '')",
        "42501 25006 0A000",
    ),
    "hidden columns, as XML": ("SELECT query_to_xml('SELECT token FROM api_gift', true, true, '')", "42501 0A000"),
    "a whole table, as XML": ("SELECT table_to_xml('accounts_user', true, true, '')", "42501 0A000"),
    "the whole database, as XML": ("SELECT database_to_xml(true, true, '')", "42501 0A000"),
    "SQL from a text, by ts_stat": ("SELECT * FROM ts_stat('DELETE FROM outbox RETURNING to_tsvector(kind)')", "0A000"),
    "hidden columns, by ts_stat": ("SELECT * FROM ts_stat('SELECT to_tsvector(token) FROM api_gift')", "42501"),
    "an entity from a file": (
        """SELECT xmlparse(DOCUMENT '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>')""",
        "2200M 0A000",
    ),
    "another database": ("SELECT * FROM dblink('dbname=giftflick', 'SELECT 1') AS t (a int)", "42883"),
    "reloading the server": ("SELECT pg_reload_conf()", "42501"),
    "switching the log": ("SELECT pg_switch_wal()", "42501"),
    "rotating the log": ("SELECT pg_rotate_logfile()", "42501"),
    "promoting": ("SELECT pg_promote()", "42501 55000"),
    "a restore point": ("SELECT pg_create_restore_point('mine')", "42501"),
    "a replication slot": ("SELECT pg_create_physical_replication_slot('mine')", "42501"),
    "forgetting statistics": ("SELECT pg_stat_reset()", "42501"),
    "statistics by hand": ("SELECT pg_stat_reset_shared('bgwriter')", "42501"),
    # Files.
    "a file": ("SELECT pg_read_file('/etc/passwd')", "42501"),
    "a binary file": ("SELECT pg_read_binary_file('/etc/passwd')", "42501"),
    "a folder": ("SELECT pg_ls_dir('.')", "42501"),
    "the log's folder": ("SELECT pg_ls_logdir()", "42501"),
    "a file's size": ("SELECT pg_stat_file('/etc/passwd')", "42501"),
    "rules of who may log in": ("SELECT * FROM pg_hba_file_rules", "42501"),
    "settings' files": ("SELECT * FROM pg_file_settings", "42501"),
    "a file as a large object": ("SELECT lo_import('/etc/passwd')", "42501"),
    "a large object as a file": ("SELECT lo_export(1, '/tmp/giftflick-attack')", "42501"),
    "a large object": ("SELECT lo_create(0)", "25006"),
    "a large object from bytes": ("SELECT lo_from_bytea(0, 'mine')", "25006"),
    "all large objects": ("SELECT * FROM pg_largeobject", "42501"),
    "copying to a file": ("COPY (SELECT 1) TO '/tmp/giftflick-attack'", "42501"),
    "copying to a program": ("COPY (SELECT 1) TO PROGRAM 'touch /tmp/giftflick-attack'", "42501"),
    "copying from a program": ("COPY outbox FROM PROGRAM 'id'", "42501"),
    "copying from a file": ("COPY outbox FROM '/etc/passwd'", "42501"),
    "copying in": ("COPY outbox FROM STDIN", "42501"),
    "copying out": ("COPY (SELECT id FROM api_gift) TO STDOUT", "0A000"),
    "copying a table out": ("COPY api_gift TO STDOUT", "42501"),
    # What is not to be seen.
    "passwords": ("SELECT rolpassword FROM pg_authid", "42501"),
    "passwords by the old name": ("TABLE pg_shadow", "42501"),
    "logins elsewhere": ("SELECT umoptions FROM pg_user_mapping", "42501"),
    "statistics of columns": ("SELECT * FROM pg_statistic", "42501"),
    "a subscription": ("SELECT subconninfo FROM pg_subscription", "42501"),
    "the team": ("SELECT username FROM accounts_user", "42501"),
    "sessions": ("SELECT session_data FROM django_session", "42501"),
    "second factors": ("SELECT key FROM otp_totp_totpdevice", "42501"),
    "recovery codes": ("SELECT token FROM otp_static_statictoken", "42501"),
    "answers that are kept": ("SELECT body FROM api_idempotentcall", "42501"),
    "callers' addresses": ("SELECT caller FROM accounts_ratewindow", "42501"),
    "what others asked": ("SELECT statement FROM api_queryrun", "42501"),
    "counting a hidden table": ("SELECT count(*) FROM accounts_user", "42501"),
    "a star": ("SELECT * FROM api_gift", "42501"),
    "a whole row": ("SELECT g FROM api_gift g", "42501"),
    "a whole row as JSON": ("SELECT row_to_json(g) FROM api_gift g", "42501"),
    "a whole row as text": ("SELECT g::text FROM api_gift g", "42501"),
    "a whole row compared": ("SELECT 1 FROM api_gift g WHERE g IS NOT NULL", "42501"),
    "a column of a whole row": ("SELECT (g).token FROM api_gift g", "42501"),
    "a hidden column to sort by": ("SELECT id FROM api_gift ORDER BY token", "42501"),
    "a hidden column to filter by": ("SELECT id FROM api_gift WHERE token > 'a'", "42501"),
    "a hidden column to count by": ("SELECT count(DISTINCT digest) FROM accounts_apikey", "42501"),
    "a hidden column to join by": ("SELECT 1 FROM api_render JOIN api_webhookendpoint USING (secret)", "42501"),
    "all columns to join by": ("SELECT 1 FROM api_gift g NATURAL JOIN api_gift h", "42501"),
    "a hidden column renamed": ("SELECT a FROM api_gift AS g (a, b, c, d, e) WHERE e > 'a'", "42501"),
    "a hidden column in a subquery": ("SELECT (SELECT token FROM api_gift LIMIT 1)", "42501"),
    "a hidden column in RETURNING": ("UPDATE api_gift SET id = id RETURNING token", "25006"),
    "the rows' physical place": ("SELECT ctid FROM accounts_user", "42501"),
    "names as escapes": ('SELECT U&"t\\006fken" FROM api_gift', "42501"),
    "a sample": ("SELECT token FROM api_gift TABLESAMPLE SYSTEM (100)", "42501"),
    "only the table": ("SELECT token FROM ONLY public.api_gift", "42501"),
    "an estimate of a hidden column": ("EXPLAIN SELECT id FROM api_gift WHERE token > 'a'", "42501"),
    "what is behind the view": ("SELECT failure, token FROM failures", "42703"),
    # Rubbish.
    "nonsense": ("\\d api_gift", "42601"),
    "NUL": ("SELECT 1\0; DROP TABLE api_gift", "22021"),
    "a parameter of nobody's": ("SELECT $1", "08P01"),
    "half a comment": ("SELECT 1 /*", "42601"),
    "half a text": ("SELECT 'x", "42601"),
    "half a text in dollars": ("SELECT $x$ ; DROP TABLE api_gift", "42601"),
    "a megabyte of conditions": (f"SELECT 1 WHERE {'true AND ' * 120_000}nothing", "42703 54001"),
    "parentheses": (f"SELECT {'(' * 60_000}1{')' * 60_000}", "54001 42601"),
    "a gigabyte as text": ("SELECT repeat('x', 1073741824)", "54000"),
}
# Let through, because there is nothing in it: no right, no second statement, nothing that outlives the connection.
HARMLESS = {
    "nothing": "",
    "a comment": "-- DROP TABLE api_gift",
    "a semicolon": ";",
    "commit": "COMMIT",
    "rollback": "ROLLBACK",
    "begin": "BEGIN READ WRITE",
    "read-write": "SET TRANSACTION READ WRITE",
    "read-write from now on": "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
    "no time limit": "SET statement_timeout = 0",
    "no limit at all": "RESET ALL",
    "discarding": "DISCARD PLANS",
    "a role that one is": "SET ROLE NONE",
    "a savepoint": "SAVEPOINT mine",
    "two phases": "PREPARE TRANSACTION 'mine'",
    "a statement for later": "PREPARE mine AS SELECT 1",
    "a cursor": "DECLARE mine CURSOR WITH HOLD FOR SELECT 1",
    "listening": "LISTEN mine",
    "telling others": "NOTIFY giftflick_outbox, 'wake up'",
    "telling others by function": "SELECT pg_notify('giftflick_outbox', 'wake up')",
    "a lock of its own": "SELECT pg_advisory_lock(1)",
    "an empty block": "DO $$ BEGIN NULL; END $$",
    "the clock": "SELECT txid_current()",
    "a setting of its own": "SELECT set_config('statement_timeout', '0', false)",
    "ending others": (
        "SELECT bool_or(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE usename = current_user AND pid <> pg_backend_pid()"
    ),
}
STOPPED_BY = {"two phases": "55000", "begin": "", "discarding": ""}
CUT_OFF = {
    "sleeping": "SELECT pg_sleep(60)",
    "sleeping in bits": "SELECT pg_sleep(1) FROM generate_series(1, 60)",
    "sleeping until": "SELECT pg_sleep_until(now() + interval '1 minute')",
    "sleeping in a block": "DO $$ BEGIN PERFORM pg_sleep(60); END $$",
    "sleeping without a limit": "SELECT set_config('statement_timeout', '0', false), pg_sleep(60)",
    "a block that hears no cancel": STUBBORN,
    "multiplying": "SELECT count(*) FROM generate_series(1, 1e6) a, generate_series(1, 1e6) b",
    "recursion without end": "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT max(n) FROM r",
    "a loop without end": "DO $$ BEGIN LOOP NULL; END LOOP; END $$",
    "a regular expression": r"SELECT repeat('a', 999) ~ '^(a+)(a+)(a+)(a+)\1\2\3\4$'",
    "sorting for ever": "SELECT md5(n::text) AS m FROM generate_series(1, 50000000) n ORDER BY m LIMIT 1",
    "a lock that is taken": "SELECT pg_advisory_lock(42)",
}
CUT_SHORT = {
    "rows without end": ("SELECT generate_series(1, 100000000)", "rows"),
    "rows from recursion": ("WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) TABLE r", "rows"),
    "one huge value": ("SELECT repeat('x', 60000000)", "bytes"),
    "many values without text": ("SELECT" + " NULL," * 199 + " NULL FROM generate_series(1, 10000)", "bytes"),
    "letters of two bytes": ("SELECT repeat('Ω', 1000) FROM generate_series(1, 10000)", "bytes"),
    "many big values": ("SELECT repeat('x', 100000) FROM generate_series(1, 10000)", "bytes"),
    "notices without end": ("DO $$ BEGIN LOOP RAISE NOTICE '%', repeat('x', 100000); END LOOP; END $$", "bytes"),
}


def fingerprint() -> str:
    """Of every row of every table, and of what there is in the database."""
    tables = [name for (name,) in fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")]
    rows = " UNION ALL ".join(
        f"SELECT '{name}', count(*), coalesce(sum(hashtextextended(t::text, 0)), 0)::text FROM {name} t"  # noqa: S608
        for name in tables
    )
    objects = """
        SELECT (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_proc),
               (SELECT count(*) FROM pg_largeobject_metadata),
               (SELECT string_agg(rolname || rolsuper || coalesce(rolconfig::text, ''), ',') FROM pg_roles),
               (SELECT string_agg(relname || coalesce(relacl::text, ''), ',' ORDER BY oid) FROM pg_class)
    """
    return f"{fetch(rows)} {fetch(objects)}"


def connected() -> int:
    """How many are, of the console's; a transaction sees them as they were when it first looked, unless told."""
    fetch("SELECT pg_stat_clear_snapshot()")
    [(count,)] = fetch("SELECT count(*) FROM pg_stat_activity WHERE usename = ANY(%s)", [list(ROLES)])
    return int(count)


@pytest.fixture
def untouched(told: object, db: None) -> Iterator[None]:
    """Afterwards nothing is changed, nobody is connected, and the next question is answered."""
    before = fingerprint()
    yield
    eventually(lambda: connected() == 0, 5)
    assert fingerprint() == before
    assert not FILE.exists()


def ask(login: Login, statement: str) -> driver.Answer:
    return driver.ask(login, statement, name="attack", wait_s=5)


def still_answers(login: Login) -> bool:
    return ask(login, "SELECT count(id) > 0 FROM api_gift").rows == [["t"]]


@pytest.mark.parametrize("login", LOGINS, indirect=True)
@pytest.mark.parametrize("attempt", REFUSED)
def test_what_nobody_may_is_refused(untouched: None, login: Login, attempt: str) -> None:
    statement, codes = REFUSED[attempt]

    with pytest.raises(driver.StatementError) as refused:
        ask(login, statement)

    assert refused.value.code in codes.split(), refused.value
    assert still_answers(login)


@pytest.mark.parametrize("login", LOGINS, indirect=True)
@pytest.mark.parametrize("attempt", list(REFUSED)[: list(REFUSED).index("changing the own role")])
def test_the_role_alone_would_do(untouched: None, login: Login, attempt: str) -> None:
    """As if driver, protocol and read-only transaction were not there."""
    statement, _ = REFUSED[attempt]
    with closing(login.connect()) as plain:
        plain.set_session(readonly=False)
        with plain.cursor() as cursor, pytest.raises(psycopg2.Error) as refused:
            cursor.execute(statement)
    assert refused.value.pgcode in {"42501", "42883", "42704", "58P01", "0A000", "25P01"}, refused.value


@pytest.mark.parametrize("login", LOGINS, indirect=True)
@pytest.mark.parametrize("attempt", HARMLESS)
def test_what_is_let_through_changes_nothing(untouched: None, login: Login, attempt: str) -> None:
    try:
        ask(login, HARMLESS[attempt])
    except driver.StatementError as refused:
        assert refused.code in {"25006", "42501", "55000", "25001", "34000"}, refused  # noqa: PT017 - may, need not

    assert still_answers(login)


@pytest.fixture
def taken_lock(db: None) -> Iterator[None]:
    fetch("SELECT pg_advisory_lock(42)")
    yield
    fetch("SELECT pg_advisory_unlock(42)")


@pytest.mark.parametrize("login", ["plain"], indirect=True)
@pytest.mark.parametrize("attempt", CUT_OFF)
def test_what_takes_too_long_is_ended(untouched: None, taken_lock: None, login: Login, attempt: str) -> None:
    started = time.monotonic()

    with pytest.raises((driver.StatementError, driver.TimeUpError)) as ended:
        ask(login, CUT_OFF[attempt])

    assert time.monotonic() - started < ENDED_WITHIN_S
    assert getattr(ended.value, "code", "57014") in {"57014", "55P03", "53400", "2201B"}
    assert still_answers(login)


@pytest.mark.parametrize("login", ["plain"], indirect=True)
@pytest.mark.parametrize("attempt", CUT_SHORT)
def test_what_is_too_much_is_not_taken(untouched: None, login: Login, attempt: str) -> None:
    statement, limit = CUT_SHORT[attempt]

    answer = ask(login, statement)

    assert answer.cut == limit
    assert len(answer.rows) <= driver.ROWS
    assert sum(8 + len((cell or "").encode()) for row in answer.rows for cell in row) <= driver.BYTES
    assert still_answers(login)


# ---- What may be read is exactly what is listed.


def may_read(login: Login, table: str, column: str) -> bool:
    try:
        ask(login, f'SELECT "{column}" FROM "{table}" LIMIT 0')  # noqa: S608 - names from the catalog
    except driver.StatementError as refused:
        return refused.code != "42501"
    return True


@pytest.mark.parametrize("login", LOGINS, indirect=True)
def test_each_column_is_read_by_whom_it_is_listed_for_and_by_nobody_else(db: None, login: Login) -> None:
    listed = {
        (name, column)
        for name, table in TABLES.items()
        for column in table.readable(with_pii=login.username == ROLES[1])
    }
    columns = fetch(
        "SELECT c.table_name, c.column_name FROM information_schema.columns c"
        " JOIN pg_tables t ON t.tablename = c.table_name AND t.schemaname = c.table_schema"
        " WHERE c.table_schema = 'public'"
    )

    assert {(table, column) for table, column in columns if may_read(login, table, column)} == listed


@pytest.mark.parametrize("login", LOGINS, indirect=True)
def test_the_catalog_tells_nothing_of_hidden_values(db: None, login: Login) -> None:
    """PostgreSQL keeps the commonest values of a column, for those who may read the column."""
    seen = ask(login, "SELECT tablename, attname FROM pg_stats WHERE schemaname = 'public'").rows

    readable = {
        (name, column)
        for name, table in TABLES.items()
        for column in table.readable(with_pii=login.username == ROLES[1])
    }
    assert {(str(table), str(column)) for table, column in seen} <= readable
    assert ("api_gift", "status") in {(table, column) for table, column in seen}


@pytest.mark.parametrize("login", LOGINS, indirect=True)
def test_what_others_are_asking_is_not_shown(db: None, login: Login) -> None:
    texts = ask(login, "SELECT query FROM pg_stat_activity WHERE usename <> current_user").rows

    assert {text for (text,) in texts} <= {"<insufficient privilege>"}


@pytest.mark.parametrize("login", LOGINS, indirect=True)
def test_nobody_elses_connection_can_be_ended(db: None, login: Login) -> None:
    [(pid,)] = fetch("SELECT pg_backend_pid()")

    for act in ("pg_terminate_backend", "pg_cancel_backend"):
        with pytest.raises(driver.StatementError) as refused:
            ask(login, f"SELECT {act}({pid})")
        assert refused.value.code == "42501"
    assert fetch("SELECT 1") == [(1,)]


def test_a_notification_never_goes_out(login: Login) -> None:
    """The transaction ends with the connection, not with a commit."""
    place = connection.get_connection_params()
    with closing(psycopg2.connect(**place)) as listening, listening.cursor() as cursor:
        listening.autocommit = True
        cursor.execute("LISTEN giftflick_attack")

        ask(login, "NOTIFY giftflick_attack")
        ask(login, "SELECT pg_notify('giftflick_attack', 'x')")

        cursor.execute("SELECT 1")
        assert listening.notifies == []


@pytest.mark.parametrize("role", ROLES)
def test_the_role_itself_can_do_nothing(told: object, db: None, role: str) -> None:
    [attributes] = fetch(
        "SELECT rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolconnlimit"
        " FROM pg_roles WHERE rolname = %s",
        [role],
    )
    assert attributes == (False, False, False, False, False, False, 8)
    assert fetch("SELECT 1 FROM pg_auth_members WHERE member = %s::regrole", [role]) == []
    [rights] = fetch(
        "SELECT has_database_privilege(%(r)s, current_database(), 'TEMP'),"
        " has_database_privilege(%(r)s, current_database(), 'CREATE'), has_schema_privilege(%(r)s, 'public', 'CREATE'),"
        " has_schema_privilege(%(r)s, 'public', 'USAGE')",
        {"r": role},
    )
    assert rights == (False, False, False, True)
    owned = fetch("SELECT 1 FROM pg_class WHERE relowner = %s::regrole", [role])
    assert owned == []


def test_the_limits_stand_on_the_role_too(login: Login) -> None:
    """For a connection that does not go through our driver."""
    with closing(login.connect()) as plain, plain.cursor() as cursor:
        cursor.execute("SELECT current_setting('default_transaction_read_only'), current_setting('statement_timeout')")
        assert cursor.fetchone() == ("on", "6s")


def test_forty_attempts_and_more_are_made() -> None:
    attempts = [*REFUSED, *HARMLESS, *CUT_OFF, *CUT_SHORT]

    assert len(attempts) > 150
    assert os.environ["CONSOLE_DATABASE_URL"] != os.environ["DATABASE_URL"]
