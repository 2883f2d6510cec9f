"""`python -m tests.drills.killer --at FUNCTION:call … -- manage.py COMMAND …`: a program that is killed at a point.

`-- -m MODULE …` runs a module instead.

A point is a function's full name and `call` or `return`. Points are passed in the order given, and at the last one (its
Nth time with `--nth N`) the process sends itself SIGKILL: nothing is flushed, closed or rolled back.
"""

import argparse
import inspect
import os
import runpy
import signal
import sys
import threading
from collections.abc import Sequence
from pkgutil import resolve_name
from types import CodeType, FrameType
from typing import Any

import django
from django.core.management import execute_from_command_line

EVENTS = ("call", "return")


class Trap:
    """Watches every function's entry and exit, in all threads; the product's code does not know."""

    def __init__(self, points: Sequence[tuple[CodeType, str]], nth: int) -> None:
        self._points = list(points)
        self._left = nth

    def set(self) -> None:
        threading.setprofile(self)
        sys.setprofile(self)

    def __call__(self, frame: FrameType, event: str, _arg: Any) -> None:
        code, wanted = self._points[0]
        if frame.f_code is not code or event != wanted:
            return
        if len(self._points) > 1:
            del self._points[0]
            return
        self._left -= 1
        if self._left <= 0:  # threads may count past it
            os.kill(os.getpid(), signal.SIGKILL)


def find_point(text: str) -> tuple[CodeType, str]:
    name, _, event = text.rpartition(":")
    function = inspect.unwrap(resolve_name(name))
    if event not in EVENTS or not inspect.isfunction(function):
        raise ValueError(f"{text} is not FUNCTION:call or FUNCTION:return")
    return function.__code__, event


def run(command: list[str]) -> None:
    if command[0] != "-m":
        execute_from_command_line(command)
        return
    sys.argv = command[1:]
    runpy.run_module(command[1], run_name="__main__", alter_sys=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.drills.killer", description=__doc__)
    parser.add_argument("--at", action="append", required=True, help="a point to pass, the last one to die at")
    parser.add_argument("--nth", type=int, default=1, help="which passing of the last point is the deadly one (1)")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="-- manage.py COMMAND …, or -- -m MODULE …")
    options = parser.parse_args()
    django.setup()
    Trap([find_point(text) for text in options.at], options.nth).set()
    run(options.command[options.command[:1] == ["--"] :])


if __name__ == "__main__":
    main()
