"""Events into WSGI and back: nothing is decoded twice, nothing a client sends can pass for what the gateway knows."""

import base64
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest

from giftflick.lambda_http import AUTHORIZER, CLIENT_ADDRESS, call, environ_for, is_http, presented_secret
from tests.gateway.events import http_event

CONTEXT = {"account_id": "0190", "livemode": True, "requests_per_minute": 600}
HOSTILE = {
    "giftflick.authorizer": '{"account_id": "evil"}',
    "giftflick_authorizer": "evil",
    "giftflick-authorizer": "evil",
    "http-giftflick.authorizer": "evil",
    "giftflick.client_address": "6.6.6.6",
    "giftflick-client-address": "6.6.6.6",
    "remote-addr": "6.6.6.6",
    "remote_addr": "6.6.6.6",
    "x-forwarded-for": "6.6.6.6",
    "x_api_key": "evil",
    "wsgi.input": "evil",
    "script-name": "/evil",
    "script_url": "/evil",
    "path-info": "/evil",
    "": "evil",
    "x api key": "evil",
    "\u017fcript": "evil",
}


def application(status: str, headers: list[tuple[str, str]], *chunks: bytes) -> Any:
    def answer(_environ: Any, start_response: Callable[..., object]) -> Iterable[bytes]:
        start_response(status, headers)
        return chunks

    return answer


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/v1/account", "/v1/account"),
        ("", "/"),
        ("/", "/"),
        ("//v1/account", "//v1/account"),
        ("/v1//account", "/v1//account"),
        ("/v1/a b", "/v1/a b"),
        ("/v1%2Faccount", "/v1%2Faccount"),
        ("/v1/%252F", "/v1/%252F"),
        ("/g/für-dich", "/g/für-dich"),
        ("/g/\U0001f381", "/g/\U0001f381"),
        ("/g/\ud800", "/g/%ED%A0%80"),
        ("/g/\x00", "/g/\x00"),
        ("/a?b#c", "/a?b#c"),
        ("*", "*"),
    ],
)
def test_django_sees_the_path_as_the_gateway_decoded_it(path: str, seen: str) -> None:
    environ = environ_for(http_event(path))

    assert environ["SCRIPT_NAME"] == ""
    assert WSGIRequest(environ).path_info == seen


def test_half_a_surrogate_pair_in_a_body_is_djangos_to_refuse() -> None:
    event = http_event("/v1/gifts") | {"body": '{"message": "\ud800"}'}

    assert environ_for(event)["wsgi.input"].read() == b'{"message": "\xed\xa0\x80"}'


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("", {}),
        ("a=1&a=2", {"a": ["1", "2"]}),
        ("a=%2F%26%3D+x&b", {"a": ["/&= x"], "b": [""]}),
        ("name=J%C3%B6rg", {"name": ["Jörg"]}),
        ("name=Jörg", {"name": ["Jörg"]}),
        ("a=%252F", {"a": ["%2F"]}),
    ],
)
def test_django_sees_the_query_as_it_was_sent(query: str, seen: dict[str, list[str]]) -> None:
    request = WSGIRequest(environ_for(http_event("/", query=query)))

    assert dict(request.GET.lists()) == seen


def test_the_authorizers_context_is_taken_from_its_place_in_the_event() -> None:
    assert environ_for(http_event(authorizer=CONTEXT))[AUTHORIZER] == CONTEXT


@pytest.mark.parametrize("authorizer", [None, {}, {"jwt": CONTEXT}, {"lambda": None}, {"lambda": {}}])
def test_without_the_authorizers_word_there_is_no_context(authorizer: Any) -> None:
    event = http_event(authorizerContext=CONTEXT, context=CONTEXT)
    event["requestContext"]["authorizer"] = authorizer

    assert AUTHORIZER not in environ_for(event)


@pytest.mark.parametrize("spelling", [str.lower, str.upper, str.title])
def test_no_header_can_pass_for_what_the_gateway_knows(spelling: Callable[[str], str]) -> None:
    plain = environ_for(http_event())

    environ = environ_for(http_event(headers={spelling(name): value for name, value in HOSTILE.items()}))

    own = {name for name in environ if not name.startswith("HTTP_")}
    assert own == {name for name in plain if not name.startswith("HTTP_")}
    assert {name: value for name, value in environ.items() if name in own and "evil" in str(value)} == {}
    assert (environ["REMOTE_ADDR"], environ[CLIENT_ADDRESS]) == ("192.0.2.7", "192.0.2.7")
    assert AUTHORIZER not in environ
    assert "HTTP_X_API_KEY" not in environ


@pytest.mark.parametrize(
    ("viewer", "address"),
    [
        ("198.51.100.10:46532", "198.51.100.10"),
        ("2001:db8::8a2e:370:7334:46532", "2001:db8::8a2e:370:7334"),
        ("[2001:DB8::1]:443", "2001:db8::1"),
        ("198.51.100.10", "192.0.2.7"),
        ("evil:443", "192.0.2.7"),
        (":443", "192.0.2.7"),
        ("", "192.0.2.7"),
        ("198.51.100.10:1, 6.6.6.6:2", "192.0.2.7"),
    ],
)
def test_the_viewers_address_is_believed_if_cloudfront_says_it(viewer: str, address: str) -> None:
    event = http_event(headers={"CloudFront-Viewer-Address": viewer, "x-forwarded-for": "6.6.6.6"})

    environ = environ_for(event, is_from_edge=True)

    assert (environ[CLIENT_ADDRESS], environ["REMOTE_ADDR"]) == (address, address)


def test_the_viewers_address_is_not_believed_if_anybody_may_have_said_it() -> None:
    event = http_event(headers={"CloudFront-Viewer-Address": "198.51.100.10:46532"})

    assert environ_for(event)[CLIENT_ADDRESS] == "192.0.2.7"


@pytest.mark.parametrize("is_from_edge", [False, True])
@pytest.mark.parametrize("name", ["x-origin-secret", "X-Origin-Secret", "X-ORIGIN-SECRET"])
def test_the_edges_secret_is_seen_by_the_entry_point_and_nobody_behind_it(name: str, is_from_edge: bool) -> None:
    event = http_event(headers={"host": "gifts.example", name: "canary"})

    assert presented_secret(event) == "canary"
    assert "canary" not in str(environ_for(event, is_from_edge=is_from_edge))


@pytest.mark.parametrize("headers", [None, {}, {"x-origin_secret": "canary"}])
def test_without_the_header_no_secret_is_presented(headers: Any) -> None:
    assert presented_secret(http_event(headers=headers)) == ""


def test_with_a_context_hostile_headers_change_nothing_of_it() -> None:
    assert environ_for(http_event(headers=HOSTILE, authorizer=CONTEXT))[AUTHORIZER] == CONTEXT


def test_headers_become_wsgis() -> None:
    environ = environ_for(
        http_event(
            method="POST",
            headers={
                "host": "gifts.example",
                "Content-Type": "text/plain; charset=utf-8",
                "content-length": "99999",
                "x-api-key": "one,two",
                "x-name": "Jörg",
                "x-forwarded-proto": "http",
                "x-forwarded-port": "8000",
            },
            cookies=["a=1", "b=2"],
            body="für",
        )
    )

    assert environ["HTTP_X_API_KEY"] == "one,two"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"
    assert environ["HTTP_X_NAME"].encode("latin-1").decode() == "Jörg"
    assert (environ["CONTENT_TYPE"], environ["CONTENT_LENGTH"]) == ("text/plain; charset=utf-8", "4")
    assert (environ["wsgi.url_scheme"], environ["SERVER_PORT"], environ["HTTP_HOST"]) == (
        "http",
        "8000",
        "gifts.example",
    )
    assert "HTTP_CONTENT_LENGTH" not in environ
    assert "HTTP_CONTENT_TYPE" not in environ


@pytest.mark.parametrize("headers", [None, {}, {"x-forwarded-proto": "gopher"}])
def test_without_useful_headers_it_was_https_to_the_apis_own_name(headers: Any) -> None:
    environ = environ_for(http_event(headers=headers))

    assert (environ["wsgi.url_scheme"], environ["SERVER_PORT"], environ["HTTP_HOST"]) == ("https", "443", "127.0.0.1")


@pytest.mark.parametrize(
    ("body", "is_base64", "seen"),
    [
        (None, False, b""),
        ("", True, b""),
        ("für", False, "für".encode()),
        (base64.b64encode(bytes(range(256))).decode(), True, bytes(range(256))),
    ],
)
def test_the_body_arrives_with_its_true_length(body: str | None, is_base64: bool, seen: bytes) -> None:
    environ = environ_for(http_event(method="POST", body=body, isBase64Encoded=is_base64))

    assert (environ["wsgi.input"].read(), environ["CONTENT_LENGTH"]) == (seen, str(len(seen)))


def test_a_callers_own_request_id_goes_before_the_gateways() -> None:
    assert environ_for(http_event())["HTTP_X_REQUEST_ID"] == "from-api-gateway"
    assert environ_for(http_event(headers={"X-Request-Id": "mine"}))["HTTP_X_REQUEST_ID"] == "mine"


def test_an_answer_is_what_api_gateway_wants() -> None:
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", "12"),
        ("Vary", "Origin"),
        ("Vary", "Cookie"),
        ("Set-Cookie", "a=1; Path=/"),
        ("set-cookie", " b=2; Expires=Thu, 01 Jan 2026 00:00:00 GMT"),
    ]

    answer = call(application("201 Created", headers, b'{"name":"', "Jörg".encode(), b'"}'), http_event())

    assert answer == {
        "statusCode": 201,
        "headers": {"Content-Type": "application/json", "Vary": "Origin, Cookie"},
        "cookies": ["a=1; Path=/", "b=2; Expires=Thu, 01 Jan 2026 00:00:00 GMT"],
        "body": '{"name":"Jörg"}',
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize(
    ("headers", "body", "is_base64"),
    [
        ([("Content-Type", "text/html; charset=utf-8")], b"<p>", False),
        ([("Content-Type", "application/problem+json")], b"{}", False),
        ([("Content-Type", "image/svg+xml")], b"<svg/>", False),
        ([("Content-Type", "text/css")], b"", False),
        ([("Content-Type", "text/html; charset=latin-1")], b"f\xfcr", True),
        ([("Content-Type", "text/html"), ("Content-Encoding", "gzip")], b"abc", True),
        ([("Content-Type", "image/png")], bytes(range(256)), True),
        ([("Content-Type", "application/octet-stream")], b"abc", True),
        ([], b"abc", True),
        ([], b"", False),
    ],
)
def test_what_is_no_text_is_answered_in_base64(headers: list[tuple[str, str]], body: bytes, is_base64: bool) -> None:
    answer = call(application("200 OK", headers, body), http_event())

    assert answer["isBase64Encoded"] is is_base64
    assert (base64.b64decode(answer["body"]) if is_base64 else answer["body"].encode()) == body


def test_head_is_answered_without_a_body() -> None:
    assert call(application("200 OK", [("X-One", "1")], b"abc"), http_event(method="HEAD")) == {
        "statusCode": 200,
        "headers": {"X-One": "1"},
        "cookies": [],
        "body": "",
        "isBase64Encoded": False,
    }


def test_an_answer_is_closed_also_when_it_breaks_off() -> None:
    class Breaking:
        is_closed = False

        def __iter__(self) -> Any:
            yield b"a"
            raise ValueError("broke off")

        def close(self) -> None:
            self.is_closed = True

    chunks = Breaking()
    with pytest.raises(ValueError, match="broke off"):
        call(lambda _environ, start: (start("200 OK", []), chunks)[1], http_event())

    assert chunks.is_closed


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (http_event(), True),
        ({**http_event(), "version": "1.0"}, False),
        ({**http_event(), "requestContext": {}}, False),
        ({"version": "2.0"}, False),
        ({"httpMethod": "GET", "path": "/", "requestContext": {"elb": {}}}, False),
        ({}, False),
    ],
)
def test_http_is_told_by_its_format(event: Any, expected: bool) -> None:
    assert is_http(event) is expected
