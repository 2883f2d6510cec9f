"""What somebody in the console could try: refused by role, transaction and protocol, never by a list of words."""

from contextlib import closing

import psycopg2
import pytest
from django.db import connection

from api.console import driver
from api.console.tables import TABLES
from giftflick.console_roles import ROLES
from giftflick.database.logins import Login
from tests.console.attacking import ask, still_answers, untouched
from tests.console.conftest import LOGINS, fetch

__all__ = ["untouched"]

pytestmark = pytest.mark.django_db


# What must stop an attempt, each by itself, and PostgreSQL's codes of that.
ROLE, TRANSACTION, PROTOCOL, SERVER = "role", "transaction", "protocol", "server"
STOPPED_WITH = {
    ROLE: {"42501", "25006"},  # no right to it; by then the transaction may have said that it only reads
    TRANSACTION: {"25006", "25001", "2D000"},  # read-only, and it stays so
    PROTOCOL: {"42601", "22021", "0A000", "08P01"},  # not one statement, not a text, not rows
    SERVER: {"0A000", "42703", "54000", "54001", "55000"},  # built without, not there, too much for it
}
REFUSED = {
    # Writing.
    "insert": ("INSERT INTO api_thanks (id) VALUES (gen_random_uuid())", ROLE),
    "update": ("UPDATE api_gift SET status = 'paid'", ROLE),
    "update of nothing": ("UPDATE api_gift SET status = 'paid' WHERE false", ROLE),
    "delete": ("DELETE FROM api_gift", ROLE),
    "merge": ("MERGE INTO api_gift g USING api_gift s ON g.id = s.id WHEN MATCHED THEN DELETE", ROLE),
    "truncate": ("TRUNCATE api_gift CASCADE", ROLE),
    "writing within WITH": ("WITH gone AS (DELETE FROM api_gift RETURNING id) SELECT * FROM gone", ROLE),
    "locking rows": ("SELECT id FROM api_gift FOR UPDATE", ROLE),
    "locking a table": ("LOCK TABLE api_gift IN ACCESS EXCLUSIVE MODE", ROLE),
    "explaining a write for real": ("EXPLAIN ANALYZE DELETE FROM api_gift", ROLE),
    # Making, changing, giving.
    "a table": ("CREATE TABLE mine (id int)", ROLE),
    "a temporary table": ("CREATE TEMP TABLE mine (id int)", ROLE),
    "a table from a query": ("SELECT id INTO mine FROM api_gift", ROLE),
    "a table as a query": ("CREATE TABLE mine AS SELECT id FROM api_gift", ROLE),
    "a view": ("CREATE VIEW mine AS SELECT token FROM api_gift", ROLE),
    "the view": ("CREATE OR REPLACE VIEW failures AS SELECT token FROM api_gift", ROLE),
    "a function": ("CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'", ROLE),
    "a function with its owner's rights": (
        "CREATE FUNCTION pg_temp.mine() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
        ROLE,
    ),
    "a language": ("CREATE LANGUAGE plpython3u", TRANSACTION),
    "an extension": ("CREATE EXTENSION dblink", TRANSACTION),
    "a schema": ("CREATE SCHEMA mine", ROLE),
    "a role": ("CREATE ROLE mine SUPERUSER", ROLE),
    "a server elsewhere": ("CREATE SERVER mine FOREIGN DATA WRAPPER postgres_fdw", TRANSACTION),
    "a publication": ("CREATE PUBLICATION mine FOR ALL TABLES", ROLE),
    "a trigger on events": ("CREATE EVENT TRIGGER mine ON ddl_command_start EXECUTE FUNCTION f()", ROLE),
    "changing a table": ("ALTER TABLE api_gift ADD COLUMN mine int", ROLE),
    "the own password": ("ALTER ROLE CURRENT_USER PASSWORD 'mine'", TRANSACTION),
    "the lock of who asks": ("LOCK TABLE api_queryrun IN SHARE ROW EXCLUSIVE MODE", ROLE),
    "the lock of who counts": ("LOCK TABLE api_figures IN SHARE ROW EXCLUSIVE MODE", ROLE),
    "the lock of a release": ("LOCK TABLE django_migrations IN SHARE ROW EXCLUSIVE MODE", ROLE),
    "changing the own role": ("ALTER ROLE CURRENT_USER SET default_transaction_read_only TO off", TRANSACTION),
    "the own rights": ("ALTER ROLE CURRENT_USER SUPERUSER", ROLE),
    "the system's settings": ("ALTER SYSTEM SET fsync = off", TRANSACTION),
    "dropping": ("DROP TABLE api_gift CASCADE", ROLE),
    "dropping the database": ("DROP DATABASE giftflick", TRANSACTION),
    "granting": ("GRANT SELECT ON api_gift TO PUBLIC", ROLE),
    "a comment": ("COMMENT ON TABLE api_gift IS 'mine'", ROLE),
    "a security label": ("SECURITY LABEL ON TABLE api_gift IS 'mine'", TRANSACTION),
    "refreshing": ("REFRESH MATERIALIZED VIEW api_gift", ROLE),
    "vacuuming": ("VACUUM FULL", TRANSACTION),
    "reindexing": ("REINDEX TABLE api_gift", ROLE),
    "clustering": ("CLUSTER api_gift", ROLE),
    "a checkpoint": ("CHECKPOINT", ROLE),
    "loading a library": ("LOAD 'plpgsql.so'", ROLE),
    # Being somebody else.
    "another role": ("SET ROLE giftflick", ROLE),
    "another role for a moment": ("SET LOCAL ROLE giftflick", ROLE),
    "another session": ("SET SESSION AUTHORIZATION giftflick", ROLE),
    "another role by function": ("SELECT set_config('role', 'giftflick', false)", ROLE),
    "another session by function": ("SELECT set_config('session_authorization', 'giftflick', false)", ROLE),
    "read-write by function": ("SELECT set_config('transaction_read_only', 'off', true)", TRANSACTION),
    "a superuser's setting": ("SELECT set_config('log_statement', 'all', false)", ROLE),
    # More than one statement.
    "two statements": ("SELECT 1; SELECT 2", PROTOCOL),
    "the way out of psycopg2": ("select 1; rollback; begin read write; delete from outbox; commit", PROTOCOL),
    "a comment before the second": ("SELECT 1 /* ; */ ; -- \n DROP TABLE api_gift", PROTOCOL),
    "a second one in dollars": ("SELECT $a$;$a$; COMMIT", PROTOCOL),
    "a second one after a nested comment": ("SELECT 1 /* /* */ */ ; UPDATE outbox SET state = 'dead'", PROTOCOL),
    "a second one after a backslash": ("SELECT '\\'; DROP TABLE api_gift; --'", PROTOCOL),
    "a second one after E''": ("SELECT E'\\'' ; COMMIT; --'", PROTOCOL),
    "a second one after unicode": ("SELECT U&'\\0027'; COMMIT", PROTOCOL),
    "preparing and executing": ("PREPARE mine AS SELECT 1; EXECUTE mine", PROTOCOL),
    "a transaction of its own": ("BEGIN READ WRITE; DELETE FROM api_gift; COMMIT", PROTOCOL),
    "a full-width semicolon": ("SELECT 1； DROP TABLE api_gift", PROTOCOL),  # noqa: RUF001 - that is the attempt
    # What a function does.
    "a block that writes": ("DO $$ BEGIN DELETE FROM api_gift; END $$", ROLE),
    "a block that commits": ("DO $$ BEGIN COMMIT; DELETE FROM api_gift; END $$", TRANSACTION),
    "a block with SQL from a text": (
        "DO $$ BEGIN EXECUTE 'SET TRANSACTION READ WRITE'; EXECUTE 'DELETE FROM outbox'; END $$",
        TRANSACTION,
    ),
    "the next number": ("SELECT nextval('outbox_id_seq')", ROLE),
    "another number": ("SELECT setval('outbox_id_seq', 1)", ROLE),
    "the sequence itself": ("SELECT last_value FROM outbox_id_seq", ROLE),
    "SQL from a text, as XML": (
        "SELECT query_to_xml('DELETE FROM api_gift RETURNING id', true, true, '')",
        SERVER,
    ),
    "hidden columns, as XML": ("SELECT query_to_xml('SELECT token FROM api_gift', true, true, '')", ROLE),
    "a whole table, as XML": ("SELECT table_to_xml('accounts_user', true, true, '')", SERVER),
    "the whole database, as XML": ("SELECT database_to_xml(true, true, '')", SERVER),
    "SQL from a text, by ts_stat": ("SELECT * FROM ts_stat('DELETE FROM outbox RETURNING to_tsvector(kind)')", SERVER),
    "hidden columns, by ts_stat": ("SELECT * FROM ts_stat('SELECT to_tsvector(token) FROM api_gift')", ROLE),
    "an entity from a file": (
        """SELECT xmlparse(DOCUMENT '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>')""",
        SERVER,
    ),
    "reloading the server": ("SELECT pg_reload_conf()", ROLE),
    "switching the log": ("SELECT pg_switch_wal()", ROLE),
    "rotating the log": ("SELECT pg_rotate_logfile()", ROLE),
    "promoting": ("SELECT pg_promote()", ROLE),
    "a restore point": ("SELECT pg_create_restore_point('mine')", ROLE),
    "a replication slot": ("SELECT pg_create_physical_replication_slot('mine')", ROLE),
    "forgetting statistics": ("SELECT pg_stat_reset()", ROLE),
    "statistics by hand": ("SELECT pg_stat_reset_shared('bgwriter')", ROLE),
    # Files.
    "a file": ("SELECT pg_read_file('/etc/passwd')", ROLE),
    "a binary file": ("SELECT pg_read_binary_file('/etc/passwd')", ROLE),
    "a folder": ("SELECT pg_ls_dir('.')", ROLE),
    "the log's folder": ("SELECT pg_ls_logdir()", ROLE),
    "a file's size": ("SELECT pg_stat_file('/etc/passwd')", ROLE),
    "rules of who may log in": ("SELECT * FROM pg_hba_file_rules", ROLE),
    "settings' files": ("SELECT * FROM pg_file_settings", ROLE),
    "a file as a large object": ("SELECT lo_import('/etc/passwd')", ROLE),
    "a large object as a file": ("SELECT lo_export(1, '/tmp/giftflick-attack')", ROLE),
    "a large object": ("SELECT lo_create(0)", TRANSACTION),
    "a large object from bytes": ("SELECT lo_from_bytea(0, 'mine')", TRANSACTION),
    "all large objects": ("SELECT * FROM pg_largeobject", ROLE),
    "copying to a file": ("COPY (SELECT 1) TO '/tmp/giftflick-attack'", ROLE),
    "copying to a program": ("COPY (SELECT 1) TO PROGRAM 'touch /tmp/giftflick-attack'", ROLE),
    "copying from a program": ("COPY outbox FROM PROGRAM 'id'", ROLE),
    "copying from a file": ("COPY outbox FROM '/etc/passwd'", ROLE),
    "copying in": ("COPY outbox FROM STDIN", ROLE),
    "copying out": ("COPY (SELECT id FROM api_gift) TO STDOUT", PROTOCOL),
    "copying a table out": ("COPY api_gift TO STDOUT", ROLE),
    # What is not to be seen.
    "passwords": ("SELECT rolpassword FROM pg_authid", ROLE),
    "passwords by the old name": ("TABLE pg_shadow", ROLE),
    "logins elsewhere": ("SELECT umoptions FROM pg_user_mapping", ROLE),
    "statistics of columns": ("SELECT * FROM pg_statistic", ROLE),
    "a subscription": ("SELECT subconninfo FROM pg_subscription", ROLE),
    "the team": ("SELECT username FROM accounts_user", ROLE),
    "sessions": ("SELECT session_data FROM django_session", ROLE),
    "second factors": ("SELECT key FROM otp_totp_totpdevice", ROLE),
    "recovery codes": ("SELECT token FROM otp_static_statictoken", ROLE),
    "answers that are kept": ("SELECT body FROM api_idempotentcall", ROLE),
    "callers' addresses": ("SELECT caller FROM accounts_ratewindow", ROLE),
    "what others asked": ("SELECT statement FROM api_queryrun", ROLE),
    "counting a hidden table": ("SELECT count(*) FROM accounts_user", ROLE),
    "a star": ("SELECT * FROM api_gift", ROLE),
    "a whole row": ("SELECT g FROM api_gift g", ROLE),
    "a whole row as JSON": ("SELECT row_to_json(g) FROM api_gift g", ROLE),
    "a whole row as text": ("SELECT g::text FROM api_gift g", ROLE),
    "a whole row compared": ("SELECT 1 FROM api_gift g WHERE g IS NOT NULL", ROLE),
    "a column of a whole row": ("SELECT (g).token FROM api_gift g", ROLE),
    "a hidden column to sort by": ("SELECT id FROM api_gift ORDER BY token", ROLE),
    "a hidden column to filter by": ("SELECT id FROM api_gift WHERE token > 'a'", ROLE),
    "a hidden column to count by": ("SELECT count(DISTINCT digest) FROM accounts_apikey", ROLE),
    "a hidden column to join by": ("SELECT 1 FROM api_render JOIN api_webhookendpoint USING (secret)", ROLE),
    "all columns to join by": ("SELECT 1 FROM api_gift g NATURAL JOIN api_gift h", ROLE),
    "a hidden column renamed": ("SELECT a FROM api_gift AS g (a, b, c, d, e) WHERE e > 'a'", ROLE),
    "a hidden column in a subquery": ("SELECT (SELECT token FROM api_gift LIMIT 1)", ROLE),
    "a hidden column in RETURNING": ("UPDATE api_gift SET id = id RETURNING token", ROLE),
    "the rows' physical place": ("SELECT ctid FROM accounts_user", ROLE),
    "names as escapes": ('SELECT U&"t\\006fken" FROM api_gift', ROLE),
    "a sample": ("SELECT token FROM api_gift TABLESAMPLE SYSTEM (100)", ROLE),
    "only the table": ("SELECT token FROM ONLY public.api_gift", ROLE),
    "an estimate of a hidden column": ("EXPLAIN SELECT id FROM api_gift WHERE token > 'a'", ROLE),
    "what is behind the view": ("SELECT failure, token FROM failures", SERVER),
    "two phases": ("PREPARE TRANSACTION 'mine'", SERVER),
    # Rubbish.
    "nonsense": ("\\d api_gift", PROTOCOL),
    "NUL": ("SELECT 1\0; DROP TABLE api_gift", PROTOCOL),
    "a parameter of nobody's": ("SELECT $1", PROTOCOL),
    "half a comment": ("SELECT 1 /*", PROTOCOL),
    "half a text": ("SELECT 'x", PROTOCOL),
    "half a text in dollars": ("SELECT $x$ ; DROP TABLE api_gift", PROTOCOL),
    "a megabyte of conditions": (f"SELECT 1 WHERE {'true AND ' * 120_000}nothing", SERVER),
    "parentheses": (f"SELECT {'(' * 60_000}1{')' * 60_000}", PROTOCOL),
    "a gigabyte as text": ("SELECT repeat('x', 1073741824)", SERVER),
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


@pytest.mark.parametrize("login", LOGINS, indirect=True)
@pytest.mark.parametrize("attempt", REFUSED)
def test_what_nobody_may_is_refused(untouched: None, login: Login, attempt: str) -> None:
    statement, layer = REFUSED[attempt]

    with pytest.raises(driver.StatementError) as refused:
        ask(login, statement)

    assert refused.value.code in STOPPED_WITH[layer], refused.value
    assert still_answers(login)


@pytest.mark.parametrize("login", LOGINS, indirect=True)
@pytest.mark.parametrize("attempt", [name for name, (_, layer) in REFUSED.items() if layer == ROLE])
def test_the_role_alone_would_do(untouched: None, login: Login, attempt: str) -> None:
    """As if driver, protocol and read-only transaction were not there."""
    statement, _ = REFUSED[attempt]
    with closing(login.connect()) as plain:
        plain.set_session(readonly=False, autocommit=False)
        with plain.cursor() as cursor, pytest.raises(psycopg2.Error) as refused:
            cursor.execute(statement)
    assert refused.value.pgcode == "42501", refused.value


@pytest.mark.parametrize("login", LOGINS, indirect=True)
@pytest.mark.parametrize("attempt", HARMLESS)
def test_what_is_let_through_changes_nothing(untouched: None, login: Login, attempt: str) -> None:
    ask(login, HARMLESS[attempt])

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
