"""Lambda on this machine: a handler under AWS's own runtime client in child processes, fed by the Runtime API."""

import importlib.util
import json
import queue
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Thread
from types import MappingProxyType
from typing import Any, NamedTuple, Self
from uuid import uuid4

from local.errors import LocalError
from local.lambda_packages import link_distributions
from local.migrations import PROJECT
from local.ports import HOST
from local.processes import Process, ProcessError

AWSS_CLIENT = "awslambdaric"  # has no wheel for macOS
OWN_CLIENT = "local.lambda_client"
LARGEST_PAYLOAD = 6 * 1024 * 1024 + 100  # Lambda's limit, for the event and for the answer
INIT_WITHIN_S = 30.0  # AWS allows 10, on a whole CPU
LOOK_EVERY_S = 0.05  # whether a child that owes an answer is still alive


class InvocationError(LocalError):
    """The function gave no answer."""


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


class _Post(NamedTuple):
    """What the runtime client said: `next`, `response`, `error` or `oversize`."""

    what: str
    invocation: str
    body: bytes = b""


@dataclass(frozen=True)
class _Work:
    invocation: str
    event: bytes
    deadline_ms: int


class _Sandbox:
    """One copy of the function, which does one thing at a time: a child process and its Runtime API."""

    def __init__(
        self,
        name: str,
        handler: str,
        *,
        client: str,
        env: Mapping[str, str],
        folder: Path,
        packages: Path | None,
        log: Path,
    ) -> None:
        self._work: queue.Queue[_Work | None] = queue.Queue()
        self._posts: queue.Queue[_Post] = queue.Queue()
        self._api = _RuntimeApi(self._work, self._posts)
        variables = {
            **env,
            "AWS_LAMBDA_RUNTIME_API": f"{HOST}:{self._api.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info[0]}.{sys.version_info[1]}",
            "LAMBDA_TASK_ROOT": str(folder),
            "PYTHONPATH": f"{folder}:{packages or PROJECT}",
            "TZ": ":UTC",
            "_HANDLER": handler,
        }
        python = [sys.executable, "-S"] if packages else [sys.executable]  # -S: without this environment's packages
        self._process = Process(name, [*python, "-m", client, handler], log=log, env=variables, cwd=folder)

    @property
    def is_running(self) -> bool:
        return self._process.is_running

    def start(self) -> None:
        """Return once the handler is imported. Raises FunctionError with its reason if it cannot be."""
        Thread(target=self._api.serve_forever, args=(LOOK_EVERY_S,), daemon=True).start()
        self._process.start()
        self._wait("next", "init", time.monotonic() + INIT_WITHIN_S)

    def invoke(self, event: bytes, timeout_s: float) -> Any:
        mark = str(uuid4())
        self._work.put(_Work(mark, event, round((time.time() + timeout_s) * 1000)))
        return json.loads(self._wait("response", mark, time.monotonic() + timeout_s))

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
            raise FunctionError(_reason(post.body))


class _RuntimeApi(ThreadingHTTPServer):
    """https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html, for one child."""

    daemon_threads = True

    def __init__(self, work: "queue.Queue[_Work | None]", posts: "queue.Queue[_Post]") -> None:
        super().__init__((HOST, 0), _RuntimeCall)
        self.work = work
        self.posts = posts

    def handle_error(self, *_arguments: object) -> None:
        """A child that was killed breaks its connection; whoever waits for it finds out by itself."""


class _RuntimeCall(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each call takes 40 ms longer
    server: _RuntimeApi

    def do_GET(self) -> None:
        """`/invocation/next`: held until there is work."""
        self.server.posts.put(_Post("next", "init"))
        work = self.server.work.get()
        if work is None:
            self.close_connection = True
            return
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": work.invocation,
            "Lambda-Runtime-Deadline-Ms": str(work.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:ap-southeast-2:000000000000:function:local",
        }
        self._answer(200, work.event, headers)

    def do_POST(self) -> None:
        """`/invocation/{id}/response`, `/invocation/{id}/error` or `/init/error`."""
        invocation, what = self.path.split("/")[-2:]
        length = int(self.headers["Content-Length"])
        if what == "response" and length > LARGEST_PAYLOAD:
            self._drop(length)
            self.server.posts.put(_Post("oversize", invocation))
            self._answer(413, b'{"errorType":"Function.ResponseSizeTooLarge"}')
        else:
            self.server.posts.put(_Post(what, invocation, self.rfile.read(length)))
            self._answer(202, b'{"status":"OK"}')

    def _drop(self, length: int) -> None:
        while length > 0 and (read := len(self.rfile.read(min(length, 65536)))):
            length -= read

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] = MappingProxyType({})) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing: what matters is in the function's own log."""


def _reason(body: bytes) -> str:
    error = json.loads(body)
    return f"{error['errorType']}: {error['errorMessage']}"


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
    ) -> None:
        self.name = name
        self._handler = handler
        self._env = env
        self._logs = logs
        self._folder = folder
        self._timeout_s = timeout_s
        self._client = client or (AWSS_CLIENT if importlib.util.find_spec(AWSS_CLIENT) else OWN_CLIENT)
        self._packages = None if only is None else _link_packages(self._client, only, logs / f"{name}-packages")
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

    def invoke(self, event: dict[str, Any]) -> Any:
        """What the handler returned for `event`. Raises an InvocationError that says why there is nothing."""
        body = json.dumps(event, ensure_ascii=False).encode()
        if len(body) > LARGEST_PAYLOAD:
            raise TooLargeEventError(f"{self.name}: the event is larger than 6 MB")
        try:
            copy = self._idle.get(timeout=self._timeout_s)
        except queue.Empty:
            raise ThrottledError(f"{self.name}: all copies are busy") from None
        try:
            copy = copy if copy and copy.is_running else self._start_copy(instead_of=copy)
            return copy.invoke(body, self._timeout_s)
        except (InvocationError, ProcessError) as error:
            if not isinstance(error, FunctionError) or isinstance(error, TooLargeAnswerError):
                self._stop_copy(copy)
                copy = None
            kind = type(error) if isinstance(error, InvocationError) else FunctionError
            raise kind(f"{self.name}: {error}") from error
        finally:
            self._idle.put(copy)

    def stop(self) -> None:
        """Harmless when nothing runs."""
        for copy in list(self._all):
            self._stop_copy(copy)

    def _start_copy(self, instead_of: _Sandbox | None = None) -> _Sandbox:
        self._stop_copy(instead_of)
        log = self._logs / f"{self.name}-{next(self._numbers)}.log"
        copy = _Sandbox(
            self.name,
            self._handler,
            client=self._client,
            env=self._env,
            folder=self._folder,
            packages=self._packages,
            log=log,
        )
        self._all.add(copy)
        try:
            copy.start()
        except BaseException:
            self._stop_copy(copy)
            raise
        return copy

    def _stop_copy(self, copy: _Sandbox | None) -> None:
        if copy is not None and copy in self._all:
            self._all.remove(copy)
            copy.stop()
