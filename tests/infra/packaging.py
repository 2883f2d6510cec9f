"""A package made as it must never be: from a checkout, and in an environment, full of secrets."""

import fcntl
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from infra.package import BUILD, alone_in
from infra.package.dependencies import fetch
from infra.stages import PROJECT, stage_called

CANARY = "canary-5f1e7a"  # the beginning of every secret
SECRETS = (
    *("SECRET_KEY", "DATABASE_URL", "EDGE_SECRET", "RENDERER_API_KEY", "SENDGRID_API_KEY", "SENTRY_DSN"),
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "MEDIA_PRIVATE_KEY", "CIRCLE_TOKEN"),
    *("USER", "LOGNAME", "USERNAME"),
)
FILES = (
    ".env",
    ".local/run.env",
    "giftflick/local.py",
    "api/notes.txt",
    "accounts/.env",
    "static/key.js",
    "secret.pem",
)
RUNTIME = f"python{sys.version_info[0]}.{sys.version_info[1]}"


@dataclass(frozen=True)
class Checkout:
    """The working tree as a repository of its own, committed, with `FILES` besides that git does not know."""

    folder: Path

    @property
    def build(self) -> Path:
        return self.folder / "build"

    def package(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, **{name: f"{CANARY}-{name}" for name in SECRETS}}
        command = [sys.executable, "-m", "infra.package", *arguments]
        return subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True, check=False)

    def git(self, *arguments: str) -> str:
        who = ["-c", "user.name=tests", "-c", "user.email=tests@example.com"]
        done = subprocess.run(["git", *who, *arguments], cwd=self.folder, capture_output=True, text=True, check=True)  # noqa: S607
        return done.stdout.strip()


@dataclass(frozen=True)
class Made:
    """The files of one package, and what was said while it was made."""

    site: Path
    authorizer: Path
    static: Path
    release: str
    output: str

    @cached_property
    def contents(self) -> dict[str, bytes]:
        with zipfile.ZipFile(self.site) as opened:
            return {name: opened.read(name) for name in opened.namelist()}

    @property
    def unpacked(self) -> Path:
        return self.site.with_name("unpacked")


def check_out(folder: Path) -> Checkout:
    checkout = Checkout(folder)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(PROJECT / name, folder / name)
    settings = folder / "zappa_settings.json"  # the tests run under every Python that developers may have
    settings.write_text(settings.read_text().replace(f'"{stage_called("dev").runtime}"', f'"{RUNTIME}"'))
    checkout.git("init", "--quiet")
    checkout.git("add", "--all")
    checkout.git("commit", "--quiet", "--message", "tests")
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f'SECRET = "{CANARY}-{name}"\n')
    return checkout


def borrow_packages(checkout: Checkout) -> None:
    """They are fetched once for all tests, and for developers: by what they are made of, they are the same."""
    BUILD.mkdir(exist_ok=True)
    with alone_in(BUILD):
        fetch(RUNTIME, BUILD / "venv")
    checkout.build.mkdir()
    (checkout.build / "venv").symlink_to(BUILD / "venv")


def make_once(folder: Path) -> Made:
    """Whoever of pytest's workers comes first makes it, the others take what it made."""
    with (folder / "package.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made, done = folder / "package", folder / "package.output"
        if not done.exists():
            checkout = check_out(made)
            borrow_packages(checkout)
            run = checkout.package()
            assert run.returncode == 0, run.stderr
            with zipfile.ZipFile(made / "build" / "giftflick.zip") as opened:
                opened.extractall(made / "build" / "unpacked")
            done.write_text(run.stdout + run.stderr)
    return taken(Checkout(made), done.read_text())


def taken(checkout: Checkout, output: str) -> Made:
    build = checkout.build
    release = checkout.git("rev-parse", "--short=12", "HEAD")
    return Made(build / "giftflick.zip", build / "authorizer.zip", build / "static", release, output)
