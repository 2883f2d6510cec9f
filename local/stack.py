"""The whole system on one machine: PostgreSQL, AWS, renderer, SendGrid, site and worker, brought up in order."""

import fcntl
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Self

from giftflick.console_roles import PII, PLAIN
from local.aws.identities import KEY_TABLE, MEDIA_BUCKET, REGION
from local.aws.seed import seed
from local.environment import MAIL_FROM, inherited_environment
from local.errors import LocalError
from local.migrations import PROJECT, migrate
from local.ports import HOST, free_port, is_free
from local.postgres import Postgres
from local.processes import Process
from local.secrets_file import kept_secrets
from local.terminal import say, step

WATCH_S = 0.5


class Stack:
    """A context manager: on leaving, everything it started has stopped. One at a time per `home`, any number of homes.

    `home` keeps what shall survive: database, objects, mailbox, secrets, the site's port. Without `durable` a power cut
    may break the database, and tests are faster. `behind_gateway` runs the site as AWS does, in `local.gateway`.
    """

    def __init__(
        self,
        home: Path,
        *,
        port: int | None = None,
        durable: bool = True,
        behind_gateway: bool = False,
        progress: Callable[[str], None] = say,
    ) -> None:
        self.home = home.absolute()
        self.env: dict[str, str] = {}
        self._wanted_port = port
        self._server = ["local.gateway", "--logs", self.home / "log"] if behind_gateway else ["local.site"]
        self._progress = progress
        self._postgres = Postgres(self.home / "postgres", durable=durable)
        self._processes: list[Process] = []
        self._lock: IO[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        return self.env["BASE_URL"]

    def start_backing(self) -> None:
        """Start what the product depends on; afterwards `env` holds every variable it needs."""
        self._take_home()
        secrets = kept_secrets(self.home / "secrets.json")
        webhook_private_key = secrets.pop("SENDGRID_WEBHOOK_PRIVATE_KEY")
        self.env = {
            "DJANGO_SETTINGS_MODULE": "giftflick.settings",
            "ALLOWED_HOSTS": f"{HOST},localhost",
            "BASE_URL": f"http://{HOST}:{self._choose_port()}",
            "SECURE_COOKIES": "false",
            "AWS_DEFAULT_REGION": REGION,
            "MEDIA_BUCKET": MEDIA_BUCKET,
            "KEY_TABLE": KEY_TABLE,
            "MAIL_FROM": MAIL_FROM,
            "WEBHOOK_ALLOWED_NETWORKS": os.environ.get("WEBHOOK_ALLOWED_NETWORKS", ""),  # a receiver on this machine
            **secrets,
        }
        aws = self._start_service("aws", ["--data", self.home / "aws"])
        sendgrid = self._start_service(
            "sendgrid",
            ["--data", self.home / "sendgrid"],
            SENDGRID_API_KEY=secrets["SENDGRID_API_KEY"],
            SENDGRID_WEBHOOK_PRIVATE_KEY=webhook_private_key,
            SENDGRID_WEBHOOK_URL=f"{self.base_url}/hooks/sendgrid",
        )
        with step("PostgreSQL", self._progress):
            self.env["DATABASE_URL"] = self._postgres.start()
            urls = self._postgres.console_urls
            self.env |= {"CONSOLE_DATABASE_URL": urls[PLAIN], "CONSOLE_PII_DATABASE_URL": urls[PII]}
        with step("AWS: bucket, table and users", self._progress):
            self.env["AWS_ENDPOINT_URL"] = f"http://{HOST}:{aws.wait_for_port()}"
            keys = seed(self.env["AWS_ENDPOINT_URL"])
            self.env |= {"AWS_ACCESS_KEY_ID": keys.app.id, "AWS_SECRET_ACCESS_KEY": keys.app.secret}
        with step("Renderer", self._progress):
            renderer = self._start_service(
                "renderer",
                AWS_ENDPOINT_URL=self.env["AWS_ENDPOINT_URL"],
                RENDERER_AWS_ACCESS_KEY_ID=keys.renderer.id,
                RENDERER_AWS_SECRET_ACCESS_KEY=keys.renderer.secret,
                RENDERER_API_KEY=secrets["RENDERER_API_KEY"],
                RENDERER_SANDBOX_API_KEY=secrets["RENDERER_SANDBOX_API_KEY"],
            )
            self.env["RENDERER_URL"] = f"http://{HOST}:{renderer.wait_for_port()}"
        with step("SendGrid", self._progress):
            self.env["SENDGRID_URL"] = f"http://{HOST}:{sendgrid.wait_for_port()}"

    def start_site(self, database_url: str | None = None) -> None:
        """Migrate the database (the stack's own, unless another is given), then start the site and the worker."""
        env = self.env if database_url is None else {**self.env, "DATABASE_URL": database_url}
        child_env = {**inherited_environment(), **env}
        with step("Migrations", self._progress):
            migrate(env["DATABASE_URL"], child_env, self._log("migrate"))
        with step("Site and worker", self._progress):
            port = self.base_url.rpartition(":")[2]
            site = self._start("site", [sys.executable, "-m", *self._server, "--port", port], child_env)
            worker = self._start("worker", [sys.executable, "manage.py", "work"], child_env)
            site.wait_for_port()
            worker.wait_for_line("^working$")

    def check(self) -> None:
        """Raise LocalError, with the last line it said, if anything has ended by itself."""
        self._postgres.check()
        for process in self._processes:
            process.check()

    def watch(self) -> None:
        """Block until something ends by itself, and raise LocalError then."""
        while True:
            self.check()
            time.sleep(WATCH_S)

    def stop(self) -> None:
        """Stop everything, last started first. Harmless when nothing runs."""
        while self._processes:
            self._processes.pop().stop()
        self._postgres.stop()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _take_home(self) -> None:
        """Keep others off this home for as long as this process lives."""
        self.home.mkdir(parents=True, exist_ok=True)
        self._lock = (self.home / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LocalError(f"Giftflick is running from {self.home} already: stop it first") from error

    def _choose_port(self) -> int:
        """The site's port: the wanted one, or the last one so that older links still work, or any free one."""
        if self._wanted_port is not None:
            if not is_free(self._wanted_port):
                raise LocalError(f"port {self._wanted_port} is taken: stop what uses it or choose another with PORT=")
            return self._wanted_port
        file = self.home / "port"
        last = file.read_text() if file.exists() else ""
        port = int(last) if last.isdecimal() and is_free(int(last)) else free_port()
        file.write_text(str(port))
        return port

    def _start_service(self, name: str, options: list[str | Path] | None = None, **variables: str) -> Process:
        command = [sys.executable, "-m", f"local.{name}", "--port", "0", *(options or [])]
        return self._start(name, command, {**inherited_environment(), **variables})

    def _start(self, name: str, command: list[str | Path], env: dict[str, str]) -> Process:
        process = Process(name, command, log=self._log(name), env=env, cwd=PROJECT)
        process.start()
        self._processes.append(process)
        return process

    def _log(self, name: str) -> Path:
        return self.home / "log" / f"{name}.log"
