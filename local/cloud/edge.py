"""CloudFront and API Gateway of one deployed site: `python -m local.cloud.edge --alias DOMAIN`, says `listening PORT`.

Serves what the cloud at AWS_ENDPOINT_URL says was deployed, and looks again every second. Not here: caches,
throttling, response headers of CloudFront's policies.
"""

import argparse
import os
import signal
import ssl
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import boto3
from botocore.exceptions import ClientError

from local.aws.identities import REGION, ROOT_KEY
from local.cloud.deployed import Api, Behaviour, Deployed, NotDeployedError, Reader, match
from local.cloud.remote_function import RemoteFunction
from local.cloud.signed_urls import UnsignedError, verify
from local.gateway import answers
from local.gateway.answers import Answer
from local.gateway.authorizer import Authorizer
from local.gateway.http_api import HttpApi
from local.gateway.requests import Request
from local.gateway.routes import Route
from local.gateway.server import Front
from local.terminal import fail, say
from local.tls import server_context

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LOOK_EVERY_S = 1.0
CLOUDFRONT = "192.0.2.1"  # whom API Gateway sees
FILE_HEADERS = ("Cache-Control", "Content-Disposition", "Content-Range", "Content-Type", "ETag", "Last-Modified")
ASKED_HEADERS = {"range": "Range", "if-none-match": "IfNoneMatch"}


class Edge(Front):
    """Serves the site whose distribution has the alias domain `alias`; 503 while there is none."""

    def __init__(self, endpoint: str, alias: str, *, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(port, tls)
        self._endpoint = endpoint
        self._reader = Reader(endpoint, alias)
        self._lock = Lock()
        self._read_at = float("-inf")
        self._deployed: Deployed | None = None
        self._api: tuple[Api, HttpApi] | None = None
        session = boto3.Session(ROOT_KEY.id, ROOT_KEY.secret, region_name=REGION)
        self._s3: S3Client = session.client("s3", endpoint_url=endpoint)

    def answer(self, request: Request, request_id: str) -> Answer:
        deployed = self._look()
        if deployed is None:
            return answers.own(503)
        behaviour = deployed.behaviour_for(request.path)
        if request.method not in behaviour.methods:
            return _refusal("AccessDenied")
        origin = deployed.origins[behaviour.origin]
        if behaviour.key_groups:
            try:
                self._verify(request, deployed, behaviour)
            except UnsignedError as error:
                return _refusal(str(error))
        if origin.bucket:
            return self._file(request, behaviour, origin.bucket if origin.bucket in deployed.readable else None)
        forwarded = _forwarded(request, origin.headers)
        return self._http_api(deployed.api).answer(forwarded, self.arrival(request_id))

    def _look(self) -> Deployed | None:
        with self._lock:
            if time.monotonic() - self._read_at > LOOK_EVERY_S:
                try:
                    self._deployed = self._reader.read()
                except (NotDeployedError, ClientError, LookupError, ValueError) as error:  # a deploy is under way
                    say(f"not deployed: {error}")
                    self._deployed = None
                self._read_at = time.monotonic()
            return self._deployed

    def _http_api(self, api: Api) -> HttpApi:
        """Anew when it changed, with an authorizer that remembers nothing."""
        with self._lock:
            if self._api is None or self._api[0] != api:
                site = RemoteFunction(self._endpoint, api.site, timeout_s=api.timeout_s)
                gatekeeper = RemoteFunction(self._endpoint, api.authorizer, timeout_s=10)

                def route(method: str, path: str) -> Route:
                    return match(api.protected, method, path) or Route("$default")

                self._api = api, HttpApi(site, Authorizer(gatekeeper, keep_s=api.keep_s), route)
            return self._api[1]

    def _verify(self, request: Request, deployed: Deployed, behaviour: Behaviour) -> None:
        keys = {key: pem for group in behaviour.key_groups for key, pem in deployed.keys[group].items()}
        query = f"?{request.query}" if request.query else ""
        url = f"{self.scheme}://{request.headers.get('host', '')}{request.path}{query}"
        verify(url, key_of=keys.get, now=datetime.now(UTC))

    def _file(self, request: Request, behaviour: Behaviour, bucket: str | None) -> Answer:
        if bucket is None:
            return _refusal("AccessDenied")
        path = request.path
        if behaviour.has_request_function:  # ours cuts what the pattern is known by
            path = "/" + path.removeprefix(behaviour.pattern.removesuffix("*"))
        asked: Any = {name: request.headers[key] for key, name in ASKED_HEADERS.items() if key in request.headers}
        try:
            found = self._s3.get_object(Bucket=bucket, Key=unquote(path.removeprefix("/")), **asked)
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            # Whoever may not list a bucket is not told what is not in it.
            return Answer(status, b"") if status in (304, 416) else _refusal("AccessDenied")
        said = found["ResponseMetadata"]["HTTPHeaders"]
        headers = {name: said[name.lower()] for name in FILE_HEADERS if name.lower() in said}
        return Answer(found["ResponseMetadata"]["HTTPStatusCode"], found["Body"].read(), headers)


def _forwarded(request: Request, own_headers: dict[str, str]) -> Request:
    """As CloudFront hands it on: with its own headers, whatever the viewer sent under their names."""
    viewer, earlier = request.client_address, request.headers.get("x-forwarded-for")
    added = {
        "cloudfront-viewer-address": f"{viewer}:0",
        "via": "2.0 CloudFront",
        "x-forwarded-for": f"{earlier}, {viewer}" if earlier else viewer,
        **own_headers,
    }
    return replace(request, headers={**request.headers, **added}, client_address=CLOUDFRONT)


def _refusal(code: str) -> Answer:
    body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code></Error>'
    return Answer(403, body.encode(), {"Content-Type": "text/xml"})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.cloud.edge", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--alias", required=True, help="the alias domain of the site's distribution")
    parser.add_argument("--certificate", type=Path, help="what `local.tls` wrote, to speak TLS")
    arguments = parser.parse_args()
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    endpoint = os.environ.get("AWS_ENDPOINT_URL") or fail("AWS_ENDPOINT_URL says where the cloud is: set it")
    try:
        tls = server_context(arguments.certificate) if arguments.certificate else None
        with Edge(endpoint, arguments.alias, port=arguments.port, tls=tls) as edge:
            say(f"listening {edge.port}")
            stopping.wait()
    except OSError as error:
        fail(f"port {arguments.port}: {error.strerror}")


if __name__ == "__main__":
    main()
