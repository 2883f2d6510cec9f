"""Migrates a database when its code has changed since, which a mark in the database itself remembers."""

import hashlib
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import psycopg2
from psycopg2.sql import SQL, Identifier

from local.processes import ProcessError

PROJECT = Path(__file__).resolve().parent.parent
PRODUCT = ("accounts", "api", "giftflick")
READ_MARK = "SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"


def migrate(database_url: str, env: Mapping[str, str], log: Path) -> bool:
    """Run `manage.py migrate` unless this very code has done so before; return whether it ran."""
    mark = _mark_of_code()
    with closing(psycopg2.connect(database_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(READ_MARK)
            name, known = cursor.fetchone() or ("", None)
            if known == mark:
                return False
            _run_migrate(env, log)
            cursor.execute(SQL("COMMENT ON DATABASE {} IS %s").format(Identifier(name)), [mark])
    return True


def _run_migrate(env: Mapping[str, str], log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "manage.py", "migrate", "--no-input"]
    with log.open("wb") as output:
        done = subprocess.run(command, env=env, cwd=PROJECT, stdout=output, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        lines = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
        raise ProcessError(f"migrate failed: {lines[-1]} (more in {log})")


def _mark_of_code() -> str:
    """One hash over all migrations, the project's and (by the pinned versions) those of its libraries."""
    digest = hashlib.sha256((PROJECT / "requirements.txt").read_bytes())
    for file in sorted(file for package in PRODUCT for file in (PROJECT / package).rglob("migrations/*.py")):
        digest.update(f"{file.relative_to(PROJECT)}\n".encode())
        digest.update(file.read_bytes())
    return f"migrated {digest.hexdigest()}"
