"""Runs a command that must not outlive whoever started it: `leash.py FD SIGNAL GRACE OWNER COMMAND…`.

FD is the reading end of a pipe whose writing end only the supervisor holds. When that end closes, because the
supervisor let go or because it died, however it died, the command and all it started are told to stop by SIGNAL, then
killed after GRACE seconds. That needs no cooperation from the command and works the same on Linux and macOS. Standard
library only: it is started with `python -I -S`.
"""

import os
import signal
import subprocess
import sys
import threading


def main(arguments: list[str]) -> None:
    """Run the command, as OWNER ("uid:gid", or "-" for whoever runs this), and end with its exit code."""
    fd, stop_signal, grace_s, owner = int(arguments[0]), int(arguments[1]), float(arguments[2]), arguments[3]
    for fatal in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(fatal, lambda signum, _: sys.exit(128 + signum))
    child = _start(arguments[4:], owner)
    stopping = threading.Event()

    def end_with_child() -> None:
        code = child.wait()
        if not stopping.is_set():
            _signal_group(child.pid, signal.SIGKILL)  # what the command started and left behind
            os._exit(code if code >= 0 else 128 - code)

    watcher = threading.Thread(target=end_with_child, daemon=True)
    watcher.start()
    try:
        while os.read(fd, 1):
            pass
    finally:
        stopping.set()
        _signal_group(child.pid, stop_signal)
        watcher.join(grace_s)
        _signal_group(child.pid, signal.SIGKILL)


def _start(command: list[str], owner: str) -> "subprocess.Popen[bytes]":
    try:
        if owner == "-":
            return subprocess.Popen(command, process_group=0)
        uid, gid = (int(number) for number in owner.split(":"))
        return subprocess.Popen(command, process_group=0, user=uid, group=gid, extra_groups=[])
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


def _signal_group(group: int, signum: int) -> None:
    try:
        os.killpg(group, signum)
    except (ProcessLookupError, PermissionError):  # macOS refuses where only zombies are left
        return


if __name__ == "__main__":
    main(sys.argv[1:])
