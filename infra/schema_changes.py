"""`python -m infra.schema_changes`: refuses migrations that the version of the code before them cannot live with.

A release migrates while the old code still serves, and a rollback takes back the code alone: what a migration leaves
behind must do for both. django-migration-linter judges the SQL of each migration, on a throw-away PostgreSQL that has
seen all the migrations before it. How to change the schema in steps: docs/operations.md.
"""

import logging
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from django.apps import apps
from django.db import DatabaseError, connection, connections
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django_migration_linter import MigrationLinter
from django_migration_linter.sql_analyser.base import Check, CheckMode, CheckType
from django_migration_linter.sql_analyser.postgresql import PostgresqlAnalyser

from local.errors import LocalError
from local.postgres import Postgres
from local.terminal import fail

# The newest migrations that were made before anything had been released: no running code had to live with them.
FIRST_RELEASE = [
    ("accounts", "0002_keys_and_limits"),
    ("api", "0005_gift_by_status_and_delivery"),
    # Packages that came later, as they were then: no code before them knows their tables. Their upgrades are judged.
    ("axes", "0010_accessattemptexpiration"),
    ("otp_static", "0003_add_timestamps"),
    ("otp_totp", "0003_add_timestamps"),
]

# Migrations that a rule refuses and that are right all the same, each with its reason.
ACCEPTED: dict[tuple[str, str], str] = {}

ADVICE = "do it in steps that each fit the code before them: docs/operations.md, Changing the schema"


def adds_constraint(statements: list[str], **_: object) -> bool:
    """Whether a table that was there before gets a rule that the code before may break."""
    added = re.compile(r"ALTER TABLE (\S+) ADD CONSTRAINT \S+ (?:CHECK|FOREIGN KEY|EXCLUDE)")
    return any(not _creates(statements, match[1]) for match in map(added.match, statements) if match)


def drops_default(statements: list[str], **_: object) -> bool:
    """Whether a column that was there before loses the default that the code before counts on."""
    dropped = re.compile(r"ALTER TABLE (\S+) ALTER COLUMN (\S+) DROP DEFAULT")
    return any(
        not _creates(statements, match[1])
        and not any(line.startswith(f"ALTER TABLE {match[1]} ADD COLUMN {match[2]} ") for line in statements)
        for match in map(dropped.match, statements)
        if match
    )


def _creates(statements: Iterable[str], table: str) -> bool:
    return any(line.startswith(f"CREATE TABLE {table} ") for line in statements)


class Analyser(PostgresqlAnalyser):
    """The linter's own rules, and two that it lacks."""

    migration_checks = [
        *PostgresqlAnalyser.migration_checks,
        Check("ADD_CONSTRAINT", adds_constraint, "ADDING a constraint", CheckMode.TRANSACTION, CheckType.ERROR),
        Check("DROP_DEFAULT", drops_default, "DROPPING a default", CheckMode.TRANSACTION, CheckType.ERROR),
    ]


def judge_migrations() -> bool:
    """Apply the migrations to the empty default database, judging each first; return whether all will do.

    What is wrong with one is printed; no rule of the linter is switched off, and its warnings count. Django's own
    migrations are not judged. Raises LocalError when PostgreSQL refuses one.
    """
    linter = MigrationLinter(
        analyser_string="postgresql", all_warnings_as_errors=True, quiet=["ok", "ignore"], no_cache=True
    )
    linter.sql_analyser_class = Analyser
    executor = MigrationExecutor(connection)
    graph = executor.loader.graph
    exempt = {*ACCEPTED, *(key for newest in FIRST_RELEASE for key in graph.forwards_plan(newest))}
    unapplied: list[tuple[Migration, bool]] = []
    for migration, is_backwards in executor.migration_plan(graph.leaf_nodes()):
        if (migration.app_label, migration.name) not in exempt and not _is_djangos(migration):
            _apply(unapplied)
            unapplied = []
            linter.lint_migration(migration)
        unapplied.append((migration, is_backwards))
    return not linter.has_errors


def _apply(plan: list[tuple[Migration, bool]]) -> None:
    try:
        MigrationExecutor(connection).migrate(None, plan)
    except DatabaseError as error:
        reason = str(error).splitlines()[0]
        raise LocalError(f"PostgreSQL refuses one of the migrations up to {plan[-1][0]}: {reason}") from error


def _is_djangos(migration: Migration) -> bool:
    return apps.get_app_config(migration.app_label).name.startswith("django.")


@contextmanager
def throwaway_database() -> Iterator[None]:
    """Django over an empty PostgreSQL of its own; gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # PostgreSQL, which does not run as root, must get in
        postgres = Postgres(Path(folder) / "postgres", durable=False)
        try:
            os.environ["DATABASE_URL"] = postgres.start()
            django.setup()
            logging.getLogger("django_migration_linter").setLevel(logging.WARNING)
            yield
            connections.close_all()
        finally:
            postgres.stop()


def main() -> None:
    try:
        with throwaway_database():
            are_compatible = judge_migrations()
    except LocalError as error:
        fail(str(error))
    if not are_compatible:
        fail(f"The code that runs now cannot live with these migrations: {ADVICE}")


if __name__ == "__main__":
    main()
