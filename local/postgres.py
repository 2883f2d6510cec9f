"""PostgreSQL 16 on one machine: a cluster of our own, started on a free port and stopped with us."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psutil
import psycopg2

from giftflick.console_roles import ROLES
from giftflick.database import logins
from giftflick.database.logins import Login
from local.ports import HOST, free_port
from local.postgres_owner import cluster_folder, identity, program_folder, server_owner
from local.private_files import write_private
from local.processes import Process, ProcessError

NAME = "giftflick"
ATTEMPTS, LONGER_S = 5, 0.5
# Another process took the port in between; the backends of a killed server have not noticed yet.
PASSING = ("Address already in use", "pre-existing shared memory block")
CAREFREE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
# macOS has no C.UTF-8 everywhere, but knows upper and lower case of all scripts by this name.
CHARACTERS = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"


class Postgres:
    """The cluster in `data`, made on first start. Without `durable` a power cut may break it, and writing is faster.

    The password lies beside it in `NAME.password`, the log in `NAME.log`. One Postgres object at a time per `data`.
    """

    def __init__(self, data: Path, *, durable: bool = True) -> None:
        self._data = data.absolute()
        self._settings = [f"listen_addresses={HOST}", "unix_socket_directories=", *(() if durable else CAREFREE)]
        self._owner = server_owner()
        self._server: Process | None = None
        self.console_urls: dict[str, str] = {}  # of the logins that only read, by role; with other passwords each start

    def start(self) -> str:
        """Start the server and return the DATABASE_URL of its database, whose role may create others (for tests)."""
        port, password = self.start_empty()
        console = {role: secrets.token_urlsafe(24) for role in ROLES}
        _create_database(port, password, console)
        self.console_urls = {role: f"postgres://{role}:{word}@{HOST}:{port}/{NAME}" for role, word in console.items()}
        return f"postgres://{NAME}:{password}@{HOST}:{port}/{NAME}"

    def start_empty(self) -> tuple[int, str]:
        """Start the server without database and role; its port, and the password of its superuser `postgres`."""
        programs = program_folder(self._owner)
        cluster = cluster_folder(self._data, self._owner)
        _end_leftover(cluster)
        password = self._password()
        if not cluster.exists():
            self._create_cluster(programs, cluster, password)
        return self._serve(programs, cluster), password

    def stop(self) -> None:
        """Disconnect all clients and stop."""
        if self._server is not None:
            self._server.stop()

    def check(self) -> None:
        """Raise ProcessError if the server has ended by itself."""
        if self._server is not None:
            self._server.check()

    def _password(self) -> str:
        file = self._beside("password")
        if not file.exists():
            write_private(file, secrets.token_urlsafe(24))
        return file.read_text()

    def _create_cluster(self, programs: Path, cluster: Path, password: str) -> None:
        """Make it under another name first, so that one that was interrupted is never taken for a whole one."""
        unfinished = cluster.with_name(f"{cluster.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        password_file = unfinished.with_name(f"{unfinished.name}.password")
        write_private(password_file, password)
        options = ["--username=postgres", f"--pwfile={password_file}", "--auth=scram-sha-256", "--no-sync"]
        locale = ["--encoding=UTF8", "--locale=C", f"--lc-ctype={CHARACTERS}"]
        if self._owner is not None:
            os.chown(unfinished, *self._owner)
            os.chown(password_file, *self._owner)
        try:
            done = subprocess.run(
                [programs / "initdb", "-D", unfinished, *options, *locale],
                cwd="/",
                env=_environment(),
                capture_output=True,
                text=True,
                check=False,
                **identity(self._owner),
            )
        finally:
            password_file.unlink()
        if done.returncode:
            reason = done.stderr.strip().splitlines() or ["it gave no reason"]
            raise ProcessError(f"PostgreSQL could not make its data folder: {reason[-1]}")
        unfinished.rename(cluster)

    def _serve(self, programs: Path, cluster: Path) -> int:
        settings = [part for setting in self._settings for part in ("-c", setting)]
        for attempt in range(ATTEMPTS):
            port = free_port()
            self._server = Process(
                "PostgreSQL",
                [programs / "postgres", "-D", cluster, "-p", str(port), *settings],
                log=self._beside("log"),
                env=_environment(),
                cwd=Path("/"),
                owner=self._owner,
                stop_signal=signal.SIGINT,  # "fast": does not wait until the last client has gone
            )
            self._server.start()
            try:
                self._server.wait_for_line("database system is ready to accept connections", timeout_s=60)
            except ProcessError:
                self._server.stop()
                if attempt == ATTEMPTS - 1 or not any(reason in self._server.output() for reason in PASSING):
                    raise
                time.sleep(attempt * LONGER_S)
            else:
                return port
        raise AssertionError("the last attempt returns or raises")

    def _beside(self, kind: str) -> Path:
        return self._data.with_name(f"{self._data.name}.{kind}")


def _end_leftover(cluster: Path) -> None:
    """Stop a server that outlived its supervisor, and remove the pid file of one that did not.

    PostgreSQL itself would refuse to start when the pid in such a file belongs to another process by now, as it does
    after the restart of a machine or container.
    """
    pid_file = cluster / "postmaster.pid"
    try:
        process = psutil.Process(int(pid_file.read_text().split("\n", 1)[0]))
        is_ours = str(cluster) in process.cmdline()
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess, psutil.AccessDenied):
        is_ours = False
    if is_ours:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(15)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait()
    pid_file.unlink(missing_ok=True)


def _create_database(port: int, password: str, console: dict[str, str]) -> None:
    """Make roles and database where they are missing; the product's role is not a superuser, as on Aurora.

    `console` has the passwords of the logins that only read.
    """
    with closing(
        psycopg2.connect(host=HOST, port=port, user="postgres", password=password, dbname="postgres")
    ) as admin:
        admin.autocommit = True
        with admin.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [NAME])
            if cursor.fetchone() is None:
                cursor.execute(f"CREATE ROLE {NAME} LOGIN CREATEDB PASSWORD %s", [password])
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME])
            if cursor.fetchone() is None:
                cursor.execute(f"CREATE DATABASE {NAME} OWNER {NAME}")
        logins.make_console_roles(admin)
        for role, word in console.items():
            logins.give_password(admin, Login(role, word, HOST, port, NAME, "prefer"))


def _environment() -> dict[str, str]:
    """Nothing of the caller's: PGDATA, PGPORT or PGOPTIONS of another server must not get in."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
