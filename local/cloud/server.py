"""The WSGI application: moto's services, and what stands in where moto falls short."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Self

from local.aws.server import LocalAws
from local.cloud import functions_api, gaps, sso
from local.cloud.cloudformation import stacks
from local.cloud.databases import Databases
from local.cloud.functions import Functions
from local.ports import HOST

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class Cloud:
    """A context manager: on leaving, every function and database it started has stopped. One in a process."""

    def __init__(self, data: Path) -> None:
        self._aws = LocalAws()
        self._databases = Databases(data / "databases")
        self._functions = Functions(data / "functions")
        self._databases.install()
        functions_api.install(self._functions)
        gaps.mend()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._functions.stop()
        self._databases.stop()

    def listen_at(self, port: int) -> None:
        """Where functions and stacks find this cloud; before its first call."""
        self._functions.endpoint = f"http://{HOST}:{port}"
        stacks.install(self._functions.endpoint)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(functions_api.CODE):
            code = self._functions.zip_of(Path(environ["PATH_INFO"]).name).read_bytes()
            start_response("200 OK", [("Content-Type", "application/zip"), ("Content-Length", str(len(code)))])
            return [code]
        if environ["PATH_INFO"] == sso.CREDENTIALS:
            return sso.lend_credentials(environ, start_response)
        return self._aws(environ, start_response)
