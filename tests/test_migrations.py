"""A migration that the code before it cannot live with is refused, by the very command of `make check`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.environment import inherited_environment, throwaway_environment

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = 'from giftflick.settings import *\n\nINSTALLED_APPS = [*INSTALLED_APPS, "trial"]\n'
MIGRATION = """
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

def rewrite(apps, schema_editor):
    apps.get_model("trial", "Note").objects.update(text="")

class Migration(migrations.Migration):
    atomic = {atomic}
    dependencies = [{dependency}]
    operations = [{operation}]
"""
CREATE = """migrations.CreateModel("Note", [
    ("id", models.BigAutoField(primary_key=True)),
    ("text", models.CharField(max_length=20)),
    ("kind", models.CharField(max_length=20, db_default="plain")),
    ("size", models.IntegerField(null=True)),
])"""

REFUSED = {
    "new_rule": 'migrations.AddConstraint("note", models.CheckConstraint(name="c", condition=models.Q(size__gt=0)))',
    "new_unique": 'migrations.AddConstraint("note", models.UniqueConstraint(name="u", fields=["text"]))',
    "lost_default": 'migrations.AlterField("note", "kind", models.CharField(max_length=20))',
    "not_null": 'migrations.AddField("note", "mood", models.CharField(max_length=20, default="good"))',
    "set_not_null": 'migrations.AlterField("note", "size", models.IntegerField(default=1))',
    "other_type": 'migrations.AlterField("note", "text", models.TextField())',
    "locking_index": 'migrations.AddIndex("note", models.Index(name="note_by_kind", fields=["kind"]))',
    "other_column_name": 'migrations.RenameField("note", "text", "body")',
    "no_column": 'migrations.RemoveField("note", "size")',
    "sql": 'migrations.RunSQL("ALTER TABLE trial_note DROP COLUMN mood")',
    "other_table_name": 'migrations.RenameModel("Note", "Letter")',
    "no_table": 'migrations.DeleteModel("Letter")',
}
COMPATIBLE = {
    "nullable": 'migrations.AddField("note", "mood", models.CharField(max_length=20, null=True, default="good"))',
    "database_default": 'migrations.AddField("note", "stars", models.IntegerField(db_default=0))',
    "new_table": CREATE.replace("Note", "Card"),
    "concurrent_index": 'AddIndexConcurrently("note", models.Index(name="note_by_text", fields=["text"]))',
    "rewritten_rows": "migrations.RunPython(rewrite, migrations.RunPython.noop)",
    "unread_column": """migrations.SeparateDatabaseAndState(
        state_operations=[migrations.RemoveField("note", "size")]
    )""",
}


def write_app(folder: Path, operations: dict[str, str]) -> None:
    """An app `trial` with one migration for each operation, and settings that install it."""
    migrations = folder / "trial" / "migrations"
    migrations.mkdir(parents=True)
    (folder / "trial" / "__init__.py").touch()
    (migrations / "__init__.py").touch()
    (folder / "trial_settings.py").write_text(SETTINGS)
    dependency = ""
    for name, operation in {"initial": CREATE, **operations}.items():
        source = MIGRATION.format(
            dependency=dependency, operation=operation, atomic="AddIndexConcurrently" not in operation
        )
        (migrations / f"{name}.py").write_text(source)
        dependency = f'("trial", "{name}")'


def judge(folder: Path, operations: dict[str, str]) -> subprocess.CompletedProcess[str]:
    write_app(folder, operations)
    return run_check({"DJANGO_SETTINGS_MODULE": "trial_settings", "PYTHONPATH": str(folder)})


def run_check(variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "infra.schema_changes"],
        cwd=ROOT,
        env={**inherited_environment(os.environ), **throwaway_environment(), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    return judge(tmp_path_factory.mktemp("refused"), REFUSED)


@pytest.mark.parametrize("name", REFUSED)
def test_a_migration_that_breaks_the_code_before_it_is_named(
    name: str, refused: subprocess.CompletedProcess[str]
) -> None:
    assert f"(trial, {name})... ERR\n" in refused.stdout, refused.stderr


def test_refusal_names_what_to_do_in_one_line(refused: subprocess.CompletedProcess[str]) -> None:
    assert refused.returncode == 1
    assert refused.stderr == (
        "The code that runs now cannot live with these migrations: do it in steps that each fit the code before them: "
        "docs/operations.md, Changing the schema\n"
    )
    assert "(trial, initial)" not in refused.stdout


def test_a_migration_that_postgresql_refuses_is_one_line(tmp_path: Path) -> None:
    judged = judge(tmp_path, {"broken": 'migrations.RunSQL("SELEKT 1", "")', "next": COMPATIBLE["nullable"]})

    assert judged.returncode == 1
    assert judged.stderr == (
        'PostgreSQL refuses one of the migrations up to trial.broken: syntax error at or near "SELEKT"\n'
    )


def test_migrations_that_the_code_before_can_live_with_pass_silently(tmp_path: Path) -> None:
    judged = judge(tmp_path, COMPATIBLE)

    assert (judged.returncode, judged.stdout, judged.stderr) == (0, "", "")


def test_the_projects_own_migrations_pass() -> None:
    judged = run_check({})

    assert (judged.returncode, judged.stdout, judged.stderr) == (0, "", "")


def test_make_check_judges_migrations() -> None:
    check = (ROOT / "Makefile").read_text().split("\ncheck:", 1)[1].split("\n\n", 1)[0]

    assert "-m infra.schema_changes" in check
