"""The product's own processes in a test: site, worker and a SendGrid of their own, against a database of choice."""

import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import urllib3
from django.db import connection

from local.environment import inherited_environment
from local.migrations import PROJECT
from local.ports import HOST, free_port
from local.processes import Process
from local.sendgrid.keys import generate
from local.stack import Stack
from tests.descendants import descendants
from tests.waiting import eventually

Json = dict[str, Any]


class Mailbox:
    """What a SendGrid stand-in has accepted."""

    def __init__(self, sendgrid_url: str) -> None:
        self.url = f"{sendgrid_url}/mailbox.json"
        self._port = urlsplit(sendgrid_url).port
        [self._process] = descendants(psutil.Process(), self._sockets_of)

    def mails(self, to: str | None = None) -> list[Json]:
        """Newest first."""
        answer = urllib3.request(
            "GET", self.url, fields={"to": to} if to else {}, headers={"Connection": "close"}, timeout=30
        )
        assert answer.status == 200, answer.data
        mails: list[Json] = answer.json()
        return mails

    def clear(self) -> None:
        assert urllib3.request("DELETE", self.url, headers={"Connection": "close"}, timeout=30).status == 204

    def wait_until_idle(self) -> None:
        """Until every call that reached SendGrid is dealt with, also those whose caller is dead by now."""
        self.mails()  # connections are accepted in their order, so all earlier ones have been
        eventually(lambda: not self._open_connections(), 15)

    def _open_connections(self) -> list[object]:
        return [socket for socket in self._sockets_of(self._process) if socket.status != psutil.CONN_LISTEN]

    def _sockets_of(self, process: psutil.Process) -> list[Any]:
        return [socket for socket in process.net_connections("tcp") if socket.laddr[1:2] == (self._port,)]


def url_of_test_database(stack: Stack) -> str:
    """The database that Django has made for tests."""
    return urlsplit(stack.env["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()


class System:
    """`stack` has the rest: PostgreSQL, AWS, renderer. `private_key` is the one that this SendGrid signs with."""

    def __init__(self, stack: Stack, database_url: str, folder: Path) -> None:
        self.private_key, public_key = generate()
        self.base_url = f"http://{HOST}:{free_port()}"
        self.env = {
            **inherited_environment(),
            **stack.env,
            "DATABASE_URL": database_url,
            "BASE_URL": self.base_url,
            "SENDGRID_WEBHOOK_PUBLIC_KEY": public_key,
        }
        self._folder = folder
        self._processes: list[Process] = []

    def start_sendgrid(self, name: str = "sendgrid", *, has_feed: bool = True) -> Mailbox:
        """Without a feed it never says what became of a mail. The product's processes started next use it."""
        feed = {
            "SENDGRID_WEBHOOK_URL": f"{self.base_url}/hooks/sendgrid",
            "SENDGRID_WEBHOOK_PRIVATE_KEY": self.private_key,
        }
        options = ["-m", "local.sendgrid", "--port", "0", "--data", str(self._folder / name)]
        sendgrid = self._start(name, *options, **(feed if has_feed else {}))
        self.env["SENDGRID_URL"] = f"http://{HOST}:{sendgrid.wait_for_port()}"
        return Mailbox(self.env["SENDGRID_URL"])

    def start_site(self) -> None:
        """At `base_url`."""
        port = str(urlsplit(self.base_url).port)
        self._start("site", "-m", "local.site", "--port", port).wait_for_port()

    def start_gateway(self, *options: str) -> None:
        """At `base_url`, in place of the plain site."""
        port, logs = str(urlsplit(self.base_url).port), str(self._folder / "gateway")
        self._start("gateway", "-m", "local.gateway", "--port", port, "--logs", logs, *options).wait_for_port()

    def start_other_site(self, name: str, **variables: str) -> str:
        """A second one with another environment; its URL."""
        return f"http://{HOST}:{self._start(name, '-m', 'local.site', **variables).wait_for_port()}"

    def start_worker(self, name: str = "worker", **variables: str) -> Process:
        worker = self._start(name, "manage.py", "work", **variables)
        worker.wait_for_line("^working$")
        return worker

    def run(self, *arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """One Python program in the system's environment, until its end."""
        command = [sys.executable, *arguments]
        env = {**self.env, **variables}
        return subprocess.run(command, env=env, cwd=PROJECT, capture_output=True, text=True, check=False)

    def stop(self) -> None:
        while self._processes:
            self._processes.pop().stop()

    def _start(self, name: str, *arguments: str, **variables: str) -> Process:
        log = self._folder / f"{name}.log"
        process = Process(name, [sys.executable, *arguments], log=log, env={**self.env, **variables}, cwd=PROJECT)
        process.start()
        self._processes.append(process)
        return process
