"""Lambda on this machine: a handler under AWS's own runtime client in child processes, fed by the Runtime API."""

import importlib.util
import json
import queue
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any, Protocol, Self
from uuid import uuid4

from local.errors import LocalError
from local.lambda_packages import link_distributions
from local.migrations import PROJECT
from local.ports import HOST
from local.processes import Process, ProcessError
from local.runtime_api import LARGEST_PAYLOAD, Post, RuntimeApi, Work, deadline_ms

AWSS_CLIENT = "awslambdaric"  # has no wheel for macOS
OWN_CLIENT = "local.lambda_client"
ARN = "arn:aws:lambda:ap-southeast-2:000000000000:function:local"
INIT_WITHIN_S = 30.0  # AWS allows 10, on a whole CPU
LOOK_EVERY_S = 0.05  # whether a child that owes an answer is still alive

Hear = Callable[[str], None]


class InvocationError(LocalError):
    """The function gave no answer. `payload` is what Lambda's API answers in its stead."""

    def __init__(self, message: str, payload: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.payload = payload or {"errorMessage": message}


class FunctionError(InvocationError):
    """The handler raised, its module could not be imported, or its process ended."""


class FunctionTimeoutError(InvocationError):
    """It took too long, and its process was killed for it."""


class TooLargeAnswerError(FunctionError):
    """Lambda does not hand this answer on; the runtime client does not survive it."""


class ThrottledError(InvocationError):
    """All copies were busy all the time."""


class TooLargeEventError(InvocationError):
    """Lambda does not take this event."""


class Invocable(Protocol):
    """A function that can be called, wherever it runs."""

    def invoke(self, event: dict[str, Any]) -> Any:
        """What it returned. Raises an InvocationError."""


class _Sandbox:
    """One copy of the function, which does one thing at a time: a child process and its Runtime API."""

    def __init__(
        self, name: str, command: Sequence[str], *, env: Mapping[str, str], folder: Path, log: Path, arn: str
    ) -> None:
        self._log = log
        self._heard = 0
        self._work: queue.Queue[Work | None] = queue.Queue()
        self._posts: queue.Queue[Post] = queue.Queue()
        self._api = RuntimeApi(self._work, self._posts, arn)
        variables = {
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            **env,
            "AWS_LAMBDA_RUNTIME_API": f"{HOST}:{self._api.server_port}",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info[0]}.{sys.version_info[1]}",
            "LAMBDA_TASK_ROOT": str(folder),
            "TZ": ":UTC",
            "_HANDLER": command[-1],
        }
        self._process = Process(name, command, log=log, env=variables, cwd=folder)

    @property
    def is_running(self) -> bool:
        return self._process.is_running

    def start(self) -> None:
        """Return once the handler is imported. Raises FunctionError with its reason if it cannot be."""
        Thread(target=self._api.serve_forever, args=(LOOK_EVERY_S,), daemon=True).start()
        self._process.start()
        self._wait("next", "init", time.monotonic() + INIT_WITHIN_S)

    def invoke(self, event: bytes, mark: str, timeout_s: float) -> Any:
        self._work.put(Work(mark, event, deadline_ms(time.time_ns(), timeout_s)))
        return json.loads(self._wait("response", mark, time.monotonic() + timeout_s))

    def said(self) -> str:
        """What it has said since this was asked last."""
        with self._log.open("rb") as log:
            log.seek(self._heard)
            news = log.read()
        self._heard += len(news)
        return news.decode(errors="replace")

    def stop(self) -> None:
        self._process.stop()
        self._work.put(None)
        self._api.shutdown()
        self._api.server_close()

    def _wait(self, what: str, invocation: str, deadline: float) -> bytes:
        while True:
            is_running = self._process.is_running  # asked first: what ends may have answered before
            try:
                post = self._posts.get(timeout=LOOK_EVERY_S)
            except queue.Empty:
                if not is_running:
                    self._process.check()
                if time.monotonic() > deadline:
                    raise FunctionTimeoutError("the function took too long") from None
                continue
            if post.invocation != invocation:
                continue
            if post.what == what:
                return post.body
            if post.what == "oversize":
                raise TooLargeAnswerError("Function.ResponseSizeTooLarge: the answer is larger than 6 MB")
            error = json.loads(post.body)
            raise FunctionError(f"{error['errorType']}: {error['errorMessage']}", error)


def _named(error: InvocationError | ProcessError, name: str) -> InvocationError:
    if isinstance(error, InvocationError):
        return type(error)(f"{name}: {error}", error.payload)
    return FunctionError(f"{name}: {error}", {"errorType": "Runtime.ExitError", "errorMessage": str(error)})


def _link_packages(client: str, only: Sequence[str], folder: Path) -> Path:
    """The folder with those distributions and the client."""
    link_distributions(only if client == OWN_CLIENT else [client, *only], folder)
    if client == OWN_CLIENT and not (folder / "local").exists():
        (folder / "local").symlink_to(PROJECT / "local")
    return folder


class Function:
    """A handler and `copies` of it that run at the same time; a context manager that leaves no process behind.

    A copy that died or took too long is replaced when it is needed again. Each copy's output is in a file of its own in
    `logs`. `folder` holds the handler's module; with `only`, it sees nothing besides but those distributions and the
    client, as an unpacked package does on AWS.
    """

    def __init__(
        self,
        name: str,
        handler: str,
        *,
        env: Mapping[str, str],
        logs: Path,
        folder: Path = PROJECT,
        only: Sequence[str] | None = None,
        copies: int = 1,
        timeout_s: float = 30,
        client: str | None = None,
        arn: str = ARN,
    ) -> None:
        self.name = name
        client = client or (AWSS_CLIENT if importlib.util.find_spec(AWSS_CLIENT) else OWN_CLIENT)
        packages = None if only is None else _link_packages(client, only, logs / f"{name}-packages")
        # -S: without this environment's packages
        self._command = [sys.executable, *(["-S"] if packages else []), "-m", client, handler]
        self._env = {**env, "PYTHONPATH": f"{folder}:{packages or PROJECT}"}
        self._arn = arn
        self._logs = logs
        self._folder = folder
        self._timeout_s = timeout_s
        self._is_retired = False
        self._numbers = count(1)
        self._all: set[_Sandbox] = set()
        self._idle: queue.LifoQueue[_Sandbox | None] = queue.LifoQueue()
        for _ in range(copies):
            self._idle.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start all copies, side by side. Raises FunctionError with the handler's reason if one does not come up."""
        copies = [self._idle.get() for _ in range(self._idle.qsize())]
        with ThreadPoolExecutor(len(copies)) as pool:
            for started in [pool.submit(self._start_copy) for _ in copies]:
                self._idle.put(started.result())

    def invoke(self, event: Any, *, mark: str = "", hear: Hear = lambda _said: None) -> Any:
        """What the handler returned for `event`. Raises an InvocationError that says why there is nothing.

        Whatever comes of it, `hear` gets what the copy said meanwhile. `mark` is the invocation's request id.
        """
        body = json.dumps(event, ensure_ascii=False).encode()
        if len(body) > LARGEST_PAYLOAD:
            raise TooLargeEventError(f"{self.name}: the event is larger than 6 MB")
        try:
            copy = self._idle.get(timeout=self._timeout_s)
        except queue.Empty:
            raise ThrottledError(f"{self.name}: all copies are busy") from None
        try:
            copy = copy if copy and copy.is_running else self._start_copy(instead_of=copy, hear=hear)
            try:
                return copy.invoke(body, mark or str(uuid4()), self._timeout_s)
            finally:
                hear(copy.said())
        except (InvocationError, ProcessError) as error:
            if not isinstance(error, FunctionError) or isinstance(error, TooLargeAnswerError):
                self._stop_copy(copy)
                copy = None
            raise _named(error, self.name) from error
        finally:
            if self._is_retired:
                self._stop_copy(copy)
                copy = None
            self._idle.put(copy)

    def retire(self) -> None:
        """Stop each copy as soon as it has nothing to do; whoever waits for one is still served."""
        self._is_retired = True
        idle = []
        with suppress(queue.Empty):
            while True:
                idle.append(self._idle.get_nowait())  # all of them first: what is put back comes out next
        for copy in idle:
            self._stop_copy(copy)
            self._idle.put(None)

    def stop(self) -> None:
        """Harmless when nothing runs."""
        for copy in list(self._all):
            self._stop_copy(copy)

    def _start_copy(self, instead_of: _Sandbox | None = None, hear: Hear = lambda _said: None) -> _Sandbox:
        self._stop_copy(instead_of)
        log = self._logs / f"{self.name}-{next(self._numbers)}.log"
        copy = _Sandbox(self.name, self._command, env=self._env, folder=self._folder, log=log, arn=self._arn)
        self._all.add(copy)
        try:
            copy.start()
        except BaseException:
            self._stop_copy(copy)
            hear(copy.said())
            raise
        return copy

    def _stop_copy(self, copy: _Sandbox | None) -> None:
        if copy is not None and copy in self._all:
            self._all.remove(copy)
            copy.stop()
