"""One HTTP call and its answer as it came: for whoever has no key, or wants to see how a call is refused."""

import urllib3

from local.shop import Json


def ask(
    url: str, *, method: str = "GET", key: str | None = None, body: Json | bytes | None = None
) -> urllib3.BaseHTTPResponse:
    headers = {"Connection": "close"} | ({"X-API-Key": key} if key else {})
    content = {"body": body} if isinstance(body, bytes) else {"json": body}
    return urllib3.request(method, url, headers=headers, timeout=30, retries=False, redirect=False, **content)


def problem(answer: urllib3.BaseHTTPResponse) -> tuple[int, str, str, str | None]:
    """Status, content type, code and Retry-After of a refusal."""
    return (
        answer.status,
        answer.headers["Content-Type"],
        answer.json()["code"],
        answer.headers.get("Retry-After"),
    )
