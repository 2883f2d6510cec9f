"""The HTTP face: Shotstack's Edit API, the part of its Serve API that lists copies, and the films themselves."""

import json
import logging
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from local.renderer.edits import parse_edit
from local.renderer.jobs import OWNER, Jobs, QueueFullError, Render, Stage
from local.renderer.schema import InvalidEditError

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 1024 * 1024
ROUTE = re.compile(r"/(?P<api>edit|serve)/(?P<stage>stage|v1)/(?P<rest>.+)")
FILM = re.compile(rf"/output/{OWNER}/(?P<name>[0-9a-f-]{{36}}\.(?P<kind>mp4|jpg))")
CONTENT_TYPES = {"mp4": "video/mp4", "jpg": "image/jpeg"}


@dataclass(frozen=True)
class ApiKeys:
    """One key for each stage; without a key its stage is closed."""

    stage: str | None
    v1: str | None

    def allows(self, stage: str, given: str) -> bool:
        expected = (self.v1 if stage == "v1" else self.stage) or ""
        return expected != "" and compare_digest(expected.encode(), given.encode())


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, port: int, jobs: Jobs, keys: ApiKeys) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.jobs = jobs
        self.keys = keys
        jobs.output_url = f"http://127.0.0.1:{self.server_port}/output"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print what went wrong, but make no noise about clients that go away."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 30

    def do_POST(self) -> None:
        body = self._read_body()
        if body is None:
            return
        route = self._authorised_route()
        if not route:
            return
        if route["api"] != "edit" or route["rest"] != "render":
            self._answer(404, _failure("Not Found", "There is nothing at this path"))
            return
        try:
            data = json.loads(body, parse_constant=_refuse_constant)
            render = self._jobs.submit(cast("Stage", route["stage"]), parse_edit(data), data)
        except (ValueError, RecursionError) as error:
            problem = str(error) if isinstance(error, InvalidEditError) else "The body is not valid JSON"
            self._answer(400, _failure("Bad Request", problem))
        except QueueFullError:
            self._answer(429, {"message": "Too Many Requests"}, {"Retry-After": "30"})
        else:
            response = {"message": "Render Successfully Queued", "id": render.id}
            self._answer(201, {"success": True, "message": "Created", "response": response})

    def do_GET(self) -> None:
        if film := FILM.fullmatch(urlsplit(self.path).path):
            self._answer_film(film["name"], CONTENT_TYPES[film["kind"]])
            return
        route = self._authorised_route()
        if not route:
            return
        kind = {"edit": "render/", "serve": "assets/render/"}[route["api"]]
        render = self._jobs.find(cast("Stage", route["stage"]), route["rest"].removeprefix(kind))
        if not route["rest"].startswith(kind) or not render:
            self._answer(404, _failure("Not Found", "The render was not found"))
        elif route["api"] == "serve":
            self._answer(200, {"data": _copies(render)})
        else:
            with_data = parse_qs(urlsplit(self.path).query).get("data", ["true"])[-1] != "false"
            self._answer(200, {"success": True, "message": "OK", "response": _status(render, with_data=with_data)})

    @property
    def _jobs(self) -> Jobs:
        return cast("Server", self.server).jobs

    def _authorised_route(self) -> re.Match[str] | None:
        """The route, or None once 403 or 404 has been answered; API Gateway speaks in the vendor's 403."""
        route = ROUTE.fullmatch(urlsplit(self.path).path)
        if not route:
            self._answer(404, _failure("Not Found", "There is nothing at this path"))
            return None
        if not cast("Server", self.server).keys.allows(route["stage"], self.headers.get("x-api-key", "")):
            self._answer(403, {"message": "Forbidden"})
            return None
        return route

    def _read_body(self) -> bytes | None:
        """The body, or None once its length has been refused; then the connection is closed, the body unread."""
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch(r"\d{1,12}", length):
            self._refuse_body(411, "Length Required")
        elif int(length) > MAX_BODY_BYTES:
            self._refuse_body(413, "Request Too Long")
        else:
            return self.rfile.read(int(length))
        return None

    def _refuse_body(self, status: int, message: str) -> None:
        self.close_connection = True
        self._answer(status, {"message": message}, {"Connection": "close"})

    def _answer(self, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _answer_film(self, name: str, content_type: str) -> None:
        try:
            film = (self._jobs.films / name).open("rb")
        except FileNotFoundError:
            self._answer(404, _failure("Not Found", "The film was not found or has been removed"))
            return
        with film:
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(film.seek(0, 2)))
            self.end_headers()
            film.seek(0)
            shutil.copyfileobj(film, self.wfile)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base class's name
        logger.debug(format, *arguments)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _failure(message: str, error: str) -> dict[str, Any]:
    return {"success": False, "message": message, "response": {"error": error}}


def _status(render: Render, *, with_data: bool) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": render.id,
        "owner": OWNER,
        "plan": "sandbox" if render.stage == "stage" else "basic",
        "status": render.status,
        "error": render.error or "",
        "duration": render.duration,
        "renderTime": render.render_time,
        "url": render.url,
        "poster": render.poster,
        "thumbnail": None,
        "created": render.created,
        "updated": render.updated,
    }
    return {**document, "data": render.body} if with_data else document


def _copies(render: Render) -> list[dict[str, Any]]:
    return [
        {
            "type": "assets",
            "attributes": {
                "id": copy.id,
                "owner": OWNER,
                "region": copy.region,
                "renderId": render.id,
                "filename": copy.url.rpartition("/")[2] if copy.url else None,
                "url": copy.url,
                "status": copy.status,
                "created": render.updated,
                "updated": render.updated,
            },
        }
        for copy in render.copies
    ]
