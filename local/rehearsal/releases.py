"""Later releases of this checkout: one that works, one with a migration that fails, one that is not ready."""

import shutil
import subprocess
from pathlib import Path

from infra.stages import PROJECT
from local.errors import LocalError

AUTHOR = ["-c", "user.name=rehearsal", "-c", "user.email=rehearsal@giftflick.example", "-c", "commit.gpgsign=false"]
FAILING = """from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("api", "{newest}")]
    operations = [migrations.RunSQL("SELECT 1/0")]
"""
NOT_READY = """

def _never() -> None:
    raise DatabaseError


PARTS["rehearsal"] = _never
"""


class Checkout:
    """A clone of this one's last commit, with one more commit at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        _git("clone", "--quiet", str(PROJECT), str(folder))
        # What was fetched for the first package serves the next ones.
        shutil.copytree(PROJECT / "build" / "venv", folder / "build" / "venv", symlinks=True)

    def working(self) -> str:
        """The release's name, as /healthz shows it."""
        with (self.folder / "giftflick" / "__init__.py").open("a") as module:
            module.write("\n")
        return self._commit()

    def with_failing_migration(self) -> str:
        folder = self.folder / "api" / "migrations"
        newest = max(file.stem for file in folder.glob("[0-9]*.py"))
        (folder / "9999_rehearsal.py").write_text(FAILING.format(newest=newest))
        return self._commit()

    def not_ready(self) -> str:
        with (self.folder / "giftflick" / "health.py").open("a") as module:
            module.write(NOT_READY)
        return self._commit()

    def undo(self) -> None:
        """Take the last commit back."""
        self._git("reset", "--quiet", "--hard", "HEAD~1")

    def _commit(self) -> str:
        self._git("add", "--all")
        self._git(*AUTHOR, "commit", "--quiet", "--no-verify", "--message", "Rehearse a release")
        return self._git("rev-parse", "--short=12", "HEAD").strip()

    def _git(self, *arguments: str) -> str:
        return _git("-C", str(self.folder), *arguments)


def _git(*arguments: str) -> str:
    """Raises LocalError with git's last words."""
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)  # noqa: S607 - wherever it is
    if done.returncode:
        raise LocalError(f"git {' '.join(arguments)[:100]} failed: {done.stderr.strip()[-300:]}")
    return done.stdout
