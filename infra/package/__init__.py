"""What is deployed, made from a commit and `requirements.txt`: the site's zip, the authorizer's, the static files.

Zappa deploys it (`zappa deploy STAGE --zip …`) but does not zip it: its archives carry their maker's name and the time,
so no two are the same, and its exclusions match a name at any depth. Ours is the same, byte by byte, for the same
commit and the same Python.
"""

import fcntl
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.package.archive import report, write_zip
from infra.package.bytecode import compile_tree
from infra.package.dependencies import fetch
from infra.package.project import collect_static, stage_project
from infra.stages import PROJECT, DeployError, Stage
from local.terminal import say, step

BUILD = PROJECT / "build"
AUTHORIZER = ("accounts/__init__.py", "accounts/authorizer.py", "accounts/keys.py")


@dataclass(frozen=True)
class Package:
    """`static` has the hashed files alone: under these names they never change. `release` is what /healthz shows."""

    site: Path
    authorizer: Path
    static: Path
    release: str


def build(stage: Stage, *, folder: Path = BUILD, progress: Callable[[str], None] = say) -> Package:
    """Make the package for `stage`'s runtime in `folder`; two at once wait for each other.

    The packages of `requirements.txt` are fetched once and kept in `folder`/venv. What was there before stays as it is
    unless the whole package is made. Raises DeployError.
    """
    require_python_of(stage)
    folder.mkdir(parents=True, exist_ok=True)
    with alone_in(folder):
        with step("packages of requirements.txt", progress):
            packages = fetch(stage.runtime, folder / "venv")
        project, static = folder / "project", folder / "static.unfinished"
        site, authorizer = folder / "giftflick.zip.unfinished", folder / "authorizer.zip.unfinished"
        with step("static files", progress):
            release = stage_project(project)
            collect_static(project, static)
        with step("zips", progress):
            compile_tree(project)
            write_zip(site, project, packages)
            write_zip(authorizer, project, only=AUTHORIZER)
        report(site, progress)
        made = Package(folder / "giftflick.zip", folder / "authorizer.zip", folder / "static", release)
        shutil.rmtree(made.static, ignore_errors=True)
        static.rename(made.static)
        authorizer.rename(made.authorizer)
        site.rename(made.site)
        return made


def require_python_of(stage: Stage) -> None:
    """Raises DeployError unless this is the Python that the stage's functions run."""
    running = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    if running != stage.runtime:
        raise DeployError(
            f"{stage.name} runs {stage.runtime} and this is {running}, whose bytecode it could not read: "
            f"make the environment anew with `rm -rf .venv && make setup PYTHON={stage.runtime}`"
        )


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Wait until nobody else makes something in `folder`."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
