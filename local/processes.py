"""Child processes: started on a leash, watched until healthy, stopped with everything they started."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.errors import LocalError

LEASH = Path(__file__).with_name("leash.py")
POLL_S = 0.02


class ProcessError(LocalError):
    """A process ended, or did not become healthy in time; the message is one line for a person."""


class Process:
    """One command in a process group of its own, its output in `log`, and no life beyond its supervisor's.

    `owner` is the (uid, gid) it runs as; None keeps the supervisor's. `stop_signal` asks it to stop; what still runs
    `grace_s` later is killed.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        owner: tuple[int, int] | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        grace_s: float = 10,
    ) -> None:
        self.name = name
        self.log = log
        self._command = [str(part) for part in command]
        self._env = {**(os.environ if env is None else env), "PYTHONUNBUFFERED": "1"}
        self._cwd = cwd
        self._terms = [str(int(stop_signal)), str(grace_s), "-" if owner is None else f"{owner[0]}:{owner[1]}"]
        self._leash: subprocess.Popen[bytes] | None = None
        self._hold = -1

    def start(self) -> None:
        """Start the command; its log begins anew."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        let_go, self._hold = os.pipe()
        try:
            with self.log.open("wb") as output:
                self._leash = subprocess.Popen(
                    [sys.executable, "-I", "-S", LEASH, str(let_go), *self._terms, *self._command],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=self._env,
                    cwd=self._cwd,
                    pass_fds=[let_go],
                    start_new_session=True,
                )
        finally:
            os.close(let_go)

    @property
    def is_running(self) -> bool:
        return self._leash is not None and self._leash.poll() is None

    def check(self) -> None:
        """Raise ProcessError if the command has ended."""
        if self._leash is not None and (code := self._leash.poll()) is not None:
            raise ProcessError(f"{self.name} ended (exit code {code}): {self._last_line()}")

    def wait_for_port(self, timeout_s: float = 30) -> int:
        """Return the port of the line `listening PORT` that our services print once they accept calls."""
        return int(self.wait_for_line(r"^listening (\d+)$", timeout_s)[1])

    def wait_for_line(self, pattern: str, timeout_s: float = 30) -> re.Match[str]:
        """Return the first match of `pattern` in the log; ProcessError if the command ends or takes longer."""
        deadline = time.monotonic() + timeout_s
        wanted = re.compile(pattern, re.MULTILINE)
        while True:
            is_running = self.is_running  # asked first: a command that ends may still have said the line
            if found := wanted.search(self.output()):
                return found
            if not is_running:
                self.check()
            if time.monotonic() > deadline:
                raise ProcessError(f"{self.name} was not ready within {timeout_s:.0f} s: {self._last_line()}")
            time.sleep(POLL_S)

    def output(self) -> str:
        """What the command has said so far."""
        return self.log.read_text(errors="replace")

    def stop(self) -> None:
        """Stop the command and all it started. Harmless when it has ended, or never began."""
        leash, self._leash = self._leash, None
        if leash is None:
            return
        os.close(self._hold)
        leash.wait()  # it kills what does not stop, so this ends

    def _last_line(self) -> str:
        lines = [line for line in self.output().splitlines() if line.strip()]
        return f"{lines[-1].strip()[:300]} (more in {self.log})" if lines else f"it said nothing in {self.log}"
