"""The WSGI application in front of moto: no call unless it is signed, and every write kept on disk."""

from collections.abc import Iterable
from contextlib import nullcontext
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import unquote
from xml.sax.saxutils import escape

from botocore.credentials import Credentials
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.responses import DynamoHandler
from moto.iam.models import IAMBackend, iam_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.sts.models import sts_backends
from werkzeug.test import run_wsgi_app

from local.aws.identities import POLICIES, REGION, ROOT_KEY, ROOT_USER
from local.aws.presigned import Call, RefusedError, signed_by_header, verify
from local.aws.store import ObjectStore

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

WRITES = frozenset({"PUT", "POST", "DELETE"})


class LocalAws:
    """moto's services behind one address. Without a store everything is gone with the process."""

    def __init__(self, store: ObjectStore | None = None) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._store = store
        self._one_at_a_time = Lock()
        _create_root()
        # Where moto asks what a call is about; for tables it has no answer of its own.
        DynamoHandler._determine_resource = _table_of  # type: ignore[attr-defined]  # noqa: SLF001

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        call = _call(environ)
        try:
            _authorize(call, environ)
        except RefusedError as refused:
            error = f"<Error><Code>{refused.code}</Code><Message>{escape(str(refused))}</Message></Error>".encode()
            start_response(refused.status, [("Content-Type", "application/xml"), ("Content-Length", str(len(error)))])
            return [] if call.method == "HEAD" else [error]
        # A write to a table is one, as on AWS: moto looks at its condition, and then writes.
        with self._one_at_a_time if _is_for("dynamodb", environ) else nullcontext():
            body, status, headers = run_wsgi_app(self._moto, environ, buffered=True)
        if self._store and call.method in WRITES and status.startswith("2") and _is_for("s3", environ):
            bucket, _, name = unquote(call.path).lstrip("/").partition("/")
            self._store.record(bucket, name or None)
        start_response(status, list(headers))
        return body


def _call(environ: "WSGIEnvironment") -> Call:
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_") or name in {"CONTENT_TYPE", "CONTENT_LENGTH"}
    }
    path, _, query = environ["REQUEST_URI"].partition("?")
    return Call(environ["REQUEST_METHOD"], headers.get("host", ""), path, query, headers)


def _authorize(call: Call, environ: "WSGIEnvironment") -> None:
    """Refuse a call that is not signed; make every other one a header-signed call, the only kind moto enforces."""
    authorization = call.headers.get("authorization", "")
    query = call.query
    if call.method == "OPTIONS":
        # A browser's preflight carries no credentials, and S3 answers it for the URL as it is, signed or not.
        root = Credentials(ROOT_KEY.id, ROOT_KEY.secret)
        query, signature = signed_by_header(Call("OPTIONS", call.host, call.path, "", {}), root, REGION)
        environ.update(_as_environ(signature))
    elif call.is_presigned and not authorization:
        credentials, region = verify(call, _secret_of, datetime.now(UTC))
        query, signature = signed_by_header(call, credentials, region)
        environ.update(_as_environ(signature))
    elif not authorization.startswith("AWS4-HMAC-SHA256 ") and not call.path.startswith("/moto-api/"):
        raise RefusedError("AccessDenied", "Access Denied")
    environ["QUERY_STRING"] = query
    environ["RAW_URI"] = f"{call.path}?{query}" if query else call.path


def _as_environ(headers: dict[str, str]) -> dict[str, str]:
    return {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}


def _is_for(service: str, environ: "WSGIEnvironment") -> bool:
    return f"/{service}/aws4_request" in environ.get("HTTP_AUTHORIZATION", "")


def _table_of(call: DynamoHandler) -> str:
    """What a policy must allow a call on."""
    name = call.body.get("TableName", "*")
    return f"arn:aws:dynamodb:{call.region}:{call.current_account}:table/{name}"


def _secret_of(access_key: str) -> str | None:
    lent = sts_backends[DEFAULT_ACCOUNT_ID]["aws"].get_assumed_role_from_access_key(access_key)
    if lent is not None:
        return str(lent.secret_access_key)
    key = _iam().access_keys.get(access_key)
    return key.secret_access_key if key is not None and key.status == "Active" else None


def _create_root() -> None:
    """The one identity that exists before any other, for the seed; its key is no secret."""
    iam = _iam()
    iam.create_user(REGION, ROOT_USER)
    iam.put_user_policy(ROOT_USER, ROOT_USER, POLICIES[ROOT_USER])
    key = iam.get_user(ROOT_USER).create_access_key(prefix="AKIA")
    key.access_key_id, key.secret_access_key = ROOT_KEY.id, ROOT_KEY.secret
    iam.access_keys[ROOT_KEY.id] = key


def _iam() -> IAMBackend:
    return iam_backends[DEFAULT_ACCOUNT_ID]["aws"]
