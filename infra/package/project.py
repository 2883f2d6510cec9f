"""The project's part of the package: what git tracks of the product, its release and its static files' manifest."""

import json
import shutil
import sys
from pathlib import Path

from infra.package.programs import run
from infra.stages import PROJECT, DeployError
from local.environment import inherited_environment, throwaway_environment

SHIPPED = ("giftflick", "accounts", "api", "manage.py")
RELEASE = "giftflick/RELEASE"
MANIFEST = "static/staticfiles.json"
NO_FILES_YET = {"paths": {}, "version": "1.1", "hash": ""}


def stage_project(site: Path) -> str:
    """Make `site` anew from the product's tracked files as they are now, and return the release that it is marked with.

    A file that git does not know is never shipped. Raises DeployError.
    """
    shutil.rmtree(site, ignore_errors=True)
    for name in _git("ls-files", "-z", "--", *SHIPPED).split("\0"):
        if not name:
            continue
        if not (PROJECT / name).is_file():
            raise DeployError(f"{name} is in git but not in the checkout: restore it, or commit that it is gone")
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT / name, site / name)
    release = read_release()
    (site / RELEASE).write_text(f"{release}\n")
    return release


def read_release() -> str:
    """The commit, and whether tracked files differ from it. Raises DeployError."""
    is_dirty = bool(_git("status", "--porcelain", "--untracked-files=no").strip())
    return _git("rev-parse", "--short=12", "HEAD").strip() + ("-dirty" if is_dirty else "")


def collect_static(site: Path, static: Path) -> None:
    """Fill `static` with the static files under their hashed names; `site` gets the manifest. Raises DeployError.

    The settings name files by their hash where there is a manifest, so one without files comes first.
    """
    manifest = site / MANIFEST
    manifest.parent.mkdir()
    manifest.write_text(json.dumps(NO_FILES_YET))
    run(
        [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"],
        "the static files could not be collected",
        env={**inherited_environment(), **throwaway_environment(), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=site,
    )
    made = json.loads(manifest.read_text())
    shutil.rmtree(static, ignore_errors=True)
    for name in made["paths"].values():
        (static / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(manifest.parent / name, static / name)
    shutil.rmtree(manifest.parent)
    manifest.parent.mkdir()
    manifest.write_text(json.dumps(made, sort_keys=True))


def _git(*arguments: str) -> str:
    return run(["git", *arguments], "git cannot tell what ships")
