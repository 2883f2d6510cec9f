"""The WSGI application: moto's services, and what stands in where moto falls short."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Self

from local.aws.server import LocalAws
from local.cloud import gaps
from local.cloud.cloudformation import stacks
from local.cloud.databases import Databases
from local.ports import HOST

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class Cloud:
    """A context manager: on leaving, every function and database it started has stopped."""

    def __init__(self, data: Path) -> None:
        self._aws = LocalAws()
        self._databases = Databases(data / "databases")
        self._databases.install()
        gaps.mend()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._databases.stop()

    def listen_at(self, port: int) -> None:
        """Where functions and stacks find this cloud; before its first call."""
        stacks.install(f"http://{HOST}:{port}")

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return self._aws(environ, start_response)
