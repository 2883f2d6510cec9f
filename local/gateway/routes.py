"""The HTTP API's routes, and which of them a request takes."""

from dataclasses import dataclass

API = "/v1/"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(frozen=True)
class Route:
    """`proxy` is the rest of the path, where the route has a place for it."""

    key: str
    needs_authorizer: bool = False
    proxy: str | None = None


def match(method: str, path: str) -> Route:
    """Matched by the path as it was sent, so `/v1%2Faccount`, `//v1/account` and `/V1/account` are `$default`.

    Django decodes them as it likes and may find an API view, which then has no authorizer's word for the caller.
    """
    if (method, path) == ("GET", "/v1/openapi.json"):
        return Route("GET /v1/openapi.json")
    if path.startswith(API) and path != API:
        proxy = path.removeprefix(API)
        if method == "OPTIONS":
            return Route("OPTIONS /v1/{proxy+}", proxy=proxy)
        return Route("ANY /v1/{proxy+}", needs_authorizer=True, proxy=proxy)
    return Route("$default")
