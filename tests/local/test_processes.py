"""Nothing that the local stack starts outlives it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from local.processes import Process, ProcessError

# Says its own pid and that of a child of its own, then serves for ever.
FAMILY = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(f"family {os.getpid()} {child.pid}")
print("listening 4321")
child.wait()
"""
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('listening 1'); time.sleep(600)"
SUPERVISOR = """
import sys, time
from pathlib import Path
from local.processes import Process
process = Process("family", [sys.executable, "-c", sys.argv[2]], log=Path(sys.argv[1]))
process.start()
process.wait_for_port()
print("ready", flush=True)
time.sleep(600)
"""


def python(code: str, log: Path, *, grace_s: float = 10) -> Process:
    return Process("sample", [sys.executable, "-c", code], log=log, grace_s=grace_s)


def family_of(log: Path) -> list[int]:
    line = next(line for line in log.read_text().splitlines() if line.startswith("family "))
    return [int(pid) for pid in line.split()[1:]]


def are_gone(pids: list[int], within_s: float = 8) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if not any(is_alive(pid) for pid in pids):
            return True
        time.sleep(0.02)
    return False


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log" / "sample.log"


def test_wait_for_port_returns_the_port_it_says(log: Path) -> None:
    process = python(FAMILY, log)
    process.start()
    try:
        assert process.wait_for_port() == 4321
        assert process.is_running
    finally:
        process.stop()


def test_stop_ends_the_process_and_what_it_started(log: Path) -> None:
    process = python(FAMILY, log)
    process.start()
    process.wait_for_port()

    process.stop()

    assert not process.is_running
    assert are_gone(family_of(log))


def test_stop_kills_what_does_not_stop(log: Path) -> None:
    process = python(STUBBORN, log, grace_s=0.3)
    process.start()
    process.wait_for_port()

    process.stop()

    assert not process.is_running


def test_stop_twice_or_before_start_does_nothing(log: Path) -> None:
    process = python(FAMILY, log)
    process.stop()
    process.start()
    process.stop()
    process.stop()

    assert not process.is_running


def test_a_process_that_dies_is_told_with_its_last_line(log: Path) -> None:
    process = python("import sys; print('trying'); sys.exit('no database')", log)
    process.start()
    try:
        with pytest.raises(ProcessError, match=r"^sample ended \(exit code 1\): no database"):
            process.wait_for_port()
    finally:
        process.stop()


def test_a_process_that_dies_by_a_signal_takes_along_what_it_started(log: Path) -> None:
    process = python(FAMILY, log)
    process.start()
    process.wait_for_port()
    try:
        os.kill(family_of(log)[0], signal.SIGKILL)

        assert are_gone(family_of(log))
        with pytest.raises(ProcessError, match=r"exit code 137"):
            process.wait_for_line("never said")
    finally:
        process.stop()


def test_a_process_that_never_gets_ready_is_told_after_the_time_limit(log: Path) -> None:
    process = python("import time; print('loading'); time.sleep(600)", log)
    process.start()
    try:
        with pytest.raises(ProcessError, match=r"^sample was not ready within 1 s: "):
            process.wait_for_port(timeout_s=1)
    finally:
        process.stop()


def test_a_missing_program_is_told_in_one_line(log: Path) -> None:
    process = Process("sample", ["/no/such/program"], log=log)
    process.start()
    try:
        with pytest.raises(ProcessError, match="/no/such/program: No such file or directory"):
            process.wait_for_port()
    finally:
        process.stop()


@pytest.mark.parametrize("death", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_when_the_supervisor_dies(log: Path, death: signal.Signals) -> None:
    supervisor = subprocess.Popen([sys.executable, "-c", SUPERVISOR, log, FAMILY], stdout=subprocess.PIPE)
    with supervisor:
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == b"ready\n"
        leash = [child.pid for child in psutil.Process(supervisor.pid).children()]

        supervisor.send_signal(death)
        supervisor.wait()

        assert are_gone(leash + family_of(log))
