"""The gateway as API Gateway's HTTP API behaves: routes, the authorizer's cache, events, limits and error bodies."""

import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import urllib3

from local.environment import inherited_environment
from local.gateway.authorizer import Authorizer
from local.gateway.server import Gateway
from local.lambda_runtime import Function
from tests.gateway.wire import Headers, Reply, send

FOLDER = Path(__file__).parent
GOOD = ("X-API-Key", "good")
MB = 1024 * 1024


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Front:
    """A gateway whose function echoes the event, and whose authorizer writes down every key it is asked about."""

    def __init__(self, gateway: Gateway, clock: Clock, asked: Path) -> None:
        self.url = gateway.url
        self.clock = clock
        self._asked = asked

    def send(self, path: str, *headers: tuple[str, str], method: str = "GET", body: bytes = b"") -> Reply:
        return send(self.url, method, path, headers, body)

    def event(self, path: str, *headers: tuple[str, str], method: str = "GET", body: bytes = b"") -> Any:
        reply = self.send(path, *headers, method=method, body=body)
        assert reply.status == 200, reply.body
        return reply.json

    def asked(self) -> list[str]:
        """Since it was last looked at."""
        keys = self._asked.read_text().split() if self._asked.exists() else []
        self._asked.write_text("")
        return keys


def make(handler: str, folder: Path, *, copies: int = 1, timeout_s: float = 30) -> Function:
    env = {**inherited_environment(), "ASKED": str(folder / "asked")}
    name = handler.rpartition(".")[2]
    return Function(name, handler, env=env, logs=folder, folder=FOLDER, copies=copies, timeout_s=timeout_s)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gateway")


@pytest.fixture(scope="module")
def functions(folder: Path) -> Iterator[tuple[Function, Function]]:
    with make("functions.echo", folder, copies=2) as echo, make("functions.judge", folder) as judge:
        echo.start()
        judge.start()
        yield echo, judge


@pytest.fixture
def front(functions: tuple[Function, Function], folder: Path) -> Iterator[Front]:
    echo, judge = functions
    clock = Clock()
    with Gateway(echo, Authorizer(judge, clock=clock)) as gateway:
        front = Front(gateway, clock, folder / "asked")
        front.asked()
        yield front


@pytest.mark.parametrize(
    ("method", "path", "key", "route", "proxy"),
    [
        ("GET", "/v1/account", "good", "ANY /v1/{proxy+}", "account"),
        ("POST", "/v1/gifts/1/submit", "good", "ANY /v1/{proxy+}", "gifts/1/submit"),
        ("GET", "/v1//account", "good", "ANY /v1/{proxy+}", "/account"),
        ("GET", "/v1/a%2Fb%20c", "good", "ANY /v1/{proxy+}", "a/b c"),
        ("POST", "/v1/openapi.json", "good", "ANY /v1/{proxy+}", "openapi.json"),
        ("HEAD", "/v1/openapi.json", "good", "ANY /v1/{proxy+}", "openapi.json"),
        ("GET", "/v1/openapi.json", None, "GET /v1/openapi.json", None),
        ("OPTIONS", "/v1/gifts", None, "OPTIONS /v1/{proxy+}", "gifts"),
        ("GET", "/", None, "$default", None),
        ("GET", "/v1", None, "$default", None),
        ("GET", "/v1/", None, "$default", None),
        ("GET", "//v1/account", None, "$default", None),
        ("GET", "/V1/account", None, "$default", None),
        ("GET", "/v1%2Faccount", None, "$default", None),
        ("GET", "/%761/account", None, "$default", None),
        ("GET", "/./v1/account", None, "$default", None),
        ("GET", "/x/../v1/account", None, "$default", None),
        ("GET", "/v1;a/account", None, "$default", None),
        ("GET", "/g/token", None, "$default", None),
    ],
)
def test_a_request_takes_the_route_that_its_path_spells(
    front: Front, method: str, path: str, key: str | None, route: str, proxy: str | None
) -> None:
    headers = [("X-API-Key", key)] if key else []
    if method == "HEAD":
        assert front.send(path, *headers, method=method).status == 200
        assert front.asked() == ["good"]
        return

    event = front.event(path, *headers, method=method)

    assert (event["routeKey"], event["requestContext"]["routeKey"]) == (route, route)
    assert event.get("pathParameters") == ({"proxy": proxy} if proxy else None)
    assert ("authorizer" in event["requestContext"]) is (key is not None)


def test_the_event_is_what_api_gateway_sends(front: Front) -> None:
    event = front.event(
        "/g/t%C3%BCr%2Fx?b=2&a=1&b=3%20x&c",
        ("Host", "shop.example:8000"),
        ("User-Agent", "tests/1"),
        ("Content-Type", "application/json; charset=utf-8"),
        ("X-Many", "one"),
        ("x-many", "two"),
        ("Cookie", "a=1; b=2"),
        ("X-Forwarded-For", "6.6.6.6"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Port", "443"),
        method="POST",
        body='{"für": "dich"}'.encode(),
    )

    context = event["requestContext"]
    port = str(urlsplit(front.url).port)
    assert (event["version"], event["rawPath"], event["rawQueryString"]) == ("2.0", "/g/tür/x", "b=2&a=1&b=3%20x&c")
    assert event["queryStringParameters"] == {"a": "1", "b": "2,3 x", "c": ""}
    assert event["cookies"] == ["a=1", "b=2"]
    assert event["headers"] == {
        "host": "shop.example:8000",
        "user-agent": "tests/1",
        "content-type": "application/json; charset=utf-8",
        "content-length": "16",
        "x-many": "one,two",
        "x-forwarded-for": "6.6.6.6, 127.0.0.1",
        "x-forwarded-port": port,
        "x-forwarded-proto": "http",
    }
    assert context["http"] == {
        "method": "POST",
        "path": "/g/tür/x",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "tests/1",
    }
    assert (context["domainName"], context["stage"]) == ("shop.example", "$default")
    assert (event["body"], event["isBase64Encoded"]) == ('{"für": "dich"}', False)


def test_a_question_mark_that_was_escaped_cuts_the_path_as_it_does_at_aws(front: Front) -> None:
    event = front.event("/v1%3Fx/account?y=1")

    assert (event["rawPath"], event["rawQueryString"]) == ("/v1", "y=1")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"a=1"),
        ("multipart/form-data; boundary=x", b"--x--"),
        ("application/json", b'{"broken": "\xff"}'),
        ("image/png", bytes(range(256))),
        ("", b"anything"),
    ],
)
def test_a_body_that_is_no_text_travels_in_base64(front: Front, content_type: str, body: bytes) -> None:
    headers = [("Content-Type", content_type)] if content_type else []

    event = front.event("/", *headers, method="POST", body=body)

    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (body, True)


def test_without_a_body_the_event_has_none(front: Front) -> None:
    event = front.event("/", method="POST")

    assert ("body" in event, event["isBase64Encoded"]) == (False, False)


def test_the_function_gets_the_authorizers_context_as_it_was_given(front: Front) -> None:
    context = front.event("/v1/account", GOOD)["requestContext"]["authorizer"]

    assert context == {"lambda": {"key_id": "good", "livemode": True, "limit": 600}}


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ([], (401, {"message": "Unauthorized"})),
        ([("X-API-Key", "")], (401, {"message": "Unauthorized"})),
        ([("X-API-Key", "  ")], (401, {"message": "Unauthorized"})),
        ([("X_API_Key", "good")], (401, {"message": "Unauthorized"})),
        ([("Authorization", "Bearer good")], (401, {"message": "Unauthorized"})),
        ([("X-API-Key", "bad")], (403, {"message": "Forbidden"})),
        ([("X-API-Key", "bad"), GOOD], (403, {"message": "Forbidden"})),
        ([("X-API-Key", "crash")], (500, {"message": "Internal Server Error"})),
        ([("X-API-Key", "exit")], (500, {"message": "Internal Server Error"})),
        ([("X-API-Key", "rubbish")], (500, {"message": "Internal Server Error"})),
        ([("X-API-Key", "truthy")], (500, {"message": "Internal Server Error"})),
    ],
)
def test_what_the_gateway_refuses_by_itself_has_its_short_body(front: Front, headers: Headers, words: Any) -> None:
    reply = front.send("/v1/account", *headers)

    assert reply.words == words
    assert reply.headers["Content-Type"] == "application/json"
    assert b" " not in reply.body.replace(b"Internal Server Error", b"")


def test_without_a_key_the_authorizer_is_not_asked(front: Front) -> None:
    front.send("/v1/account")

    assert front.asked() == []


def test_a_verdict_is_kept_for_45_seconds_for_each_key_whatever_the_route(front: Front) -> None:
    for path in ("/v1/account", "/v1/gifts", "/v1/account"):
        assert front.send(path, GOOD).status == 200
        assert front.send(path, ("X-API-Key", "bad")).status == 403
    assert front.asked() == ["good", "bad"]

    front.clock.now += 44.9
    assert front.send("/v1/account", GOOD).status == 200
    assert front.asked() == []

    front.clock.now += 0.1
    assert front.send("/v1/account", GOOD).status == 200
    assert front.asked() == ["good"]


def test_an_error_is_not_kept(front: Front) -> None:
    for _ in range(3):
        assert front.send("/v1/account", ("X-API-Key", "crash")).status == 500

    assert front.asked() == ["crash"] * 3


def test_without_a_cache_every_call_asks(functions: tuple[Function, Function], folder: Path) -> None:
    echo, judge = functions
    with Gateway(echo, Authorizer(judge, keep_s=0)) as gateway:
        front = Front(gateway, Clock(), folder / "asked")
        front.asked()

        for _ in range(3):
            assert front.send("/v1/account", GOOD).status == 200

        assert front.asked() == ["good"] * 3


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/answers/text", 200, b"plain words"),
        ("/answers/object", 200, b'{"no": "status code"}'),
        ("/answers/number", 200, b"7"),
        ("/answers/nothing", 200, b"null"),
        ("/answers/created", 201, b"made"),
        ("/answers/binary", 200, bytes(range(256))),
        ("/answers/no-content", 204, b""),
        ("/answers/own-length", 200, b"ok"),
    ],
)
def test_what_a_function_may_return(front: Front, path: str, status: int, body: bytes) -> None:
    reply = front.send(path)

    assert (reply.status, reply.body) == (status, body)


def test_headers_and_cookies_reach_the_client(front: Front) -> None:
    reply = front.send("/answers/created")

    assert reply.headers["X-One"] == "1"
    assert reply.headers.get_all("Set-Cookie") == ["a=1", "b=2; Path=/"]


@pytest.mark.parametrize(
    "path",
    [
        "/raise",
        "/answers/bad-status",
        "/answers/bad-body",
        "/answers/bad-base64",
        "/answers/bad-header",
        "/answers/bad-headers",
        f"/letters?{6 * MB + 100}",
    ],
)
def test_a_function_that_fails_is_told_by_no_more_than_500(front: Front, path: str) -> None:
    assert front.send(path).words == (500, {"message": "Internal Server Error"})
    assert front.send("/").status == 200


def test_a_function_that_takes_too_long_is_503(functions: tuple[Function, Function], folder: Path) -> None:
    with make("functions.echo", folder, timeout_s=3) as slow, Gateway(slow, Authorizer(functions[1])) as gateway:
        assert send(gateway.url, "GET", "/sleep").words == (503, {"message": "Service Unavailable"})
        assert send(gateway.url, "GET", "/").status == 200


def test_a_function_that_does_not_come_up_is_500(functions: tuple[Function, Function], folder: Path) -> None:
    with make("functions.nobody", folder) as broken:
        with Gateway(broken, Authorizer(functions[1])) as gateway:
            assert send(gateway.url, "GET", "/").words == (500, {"message": "Internal Server Error"})
        with Gateway(functions[0], Authorizer(broken)) as gateway:
            assert send(gateway.url, "GET", "/v1/account", [GOOD]).words == (500, {"message": "Internal Server Error"})
            assert send(gateway.url, "GET", "/").status == 200


@pytest.mark.parametrize("size", [5 * MB, 10 * MB, 10 * MB + 1, 20 * MB])
def test_a_body_above_a_limit_is_413_be_it_lambdas_for_base64_or_the_gateways(front: Front, size: int) -> None:
    reply = front.send("/", method="POST", body=bytes(size))

    assert reply.words == (413, {"message": "Request Entity Too Large"})


def test_a_body_below_lambdas_limit_arrives(front: Front) -> None:
    assert (
        front.send("/answers/text", ("Content-Type", "text/plain"), method="POST", body=b"x" * 6_000_000).status == 200
    )


def test_a_body_in_chunks_arrives_whole(front: Front) -> None:
    with urllib3.PoolManager() as pool:
        chunks = iter([b'{"a":', b" 1", b"}"])
        answer = pool.request(
            "POST", f"{front.url}/", body=chunks, headers={"Content-Type": "application/json"}, chunked=True
        )

    assert answer.json()["body"] == '{"a": 1}'


@pytest.mark.parametrize(
    "headers",
    [
        [("Content-Length", "1, 1")],
        [("Content-Length", "-1")],
        [("Content-Length", "+1")],
        [("Content-Length", "0"), ("Content-Length", "1")],
        [("Transfer-Encoding", "chunked"), ("Content-Length", "5")],
        [("Transfer-Encoding", "gzip, chunked")],
        [("X-Folded", "one\r\n two")],
        [("Host", "a.example"), ("Host", "b.example")],
    ],
)
def test_a_request_that_two_servers_might_read_differently_is_refused(front: Front, headers: Headers) -> None:
    reply = front.send("/", *headers, method="POST")

    assert reply.words == (400, {"message": "Bad Request"})
    assert reply.headers["Connection"] == "close"


@pytest.mark.parametrize("method", ["TRACE", "PURGE", "get"])
def test_a_method_without_a_route_is_404(front: Front, method: str) -> None:
    assert front.send("/v1/account", GOOD, method=method).words == (404, {"message": "Not Found"})


def test_a_full_address_is_taken_for_its_path(front: Front) -> None:
    assert front.send("http://other.example/v1/account").status == 401
    assert front.event("http://other.example")["rawPath"] == "/"


def test_head_is_answered_without_a_body(front: Front) -> None:
    reply = front.send("/answers/created", method="HEAD")

    assert (reply.status, reply.body, reply.headers["X-One"]) == (201, b"", "1")


def test_every_answer_has_the_gateways_request_id_and_the_event_the_same(front: Front) -> None:
    reply = front.send("/")

    assert reply.headers["Apigw-Requestid"] == reply.json["requestContext"]["requestId"]
    assert front.send("/v1/account").headers["Apigw-Requestid"] != reply.headers["Apigw-Requestid"]


def test_two_requests_run_at_the_same_time_and_a_third_waits(front: Front, tmp_path: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        replies = list(pool.map(lambda _: front.send(f"/meet?at={tmp_path}"), range(3)))

    assert [reply.status for reply in replies] == [200, 200, 200]
    assert len(list(tmp_path.iterdir())) == 2


def test_one_connection_carries_many_requests(front: Front) -> None:
    with urllib3.HTTPConnectionPool("127.0.0.1", urlsplit(front.url).port, maxsize=1) as pool:
        for status, headers in [(200, dict([GOOD])), (401, {}), (403, {"X-API-Key": "bad"}), (200, dict([GOOD]))]:
            assert pool.request("POST", "/v1/x", body=json.dumps([1]), headers=headers).status == status
        assert pool.num_connections == 1
