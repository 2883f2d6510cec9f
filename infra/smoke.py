"""Asks the site itself whether it works: ready, of the release that was deployed, and open to a key that is valid."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError, NameResolutionError

from infra.aws import Aws
from infra.functions import Progress, manage
from infra.stages import DeployError

PATIENCE_S = 90.0  # a sleeping database takes 15 s, a new domain name at the gateway a minute
PAUSE_S = 1.0
CALL_TIMEOUT_S = 35.0  # the gateway gives up after 30


@dataclass(frozen=True)
class Site:
    """`host` is the name it answers to; `via` is where it is reached, e.g. the distribution before DNS points there."""

    host: str
    via: str

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        """Status, and the JSON of the body or None. Raises urllib3's HTTPError."""
        url = urlsplit(self.via)
        asked = {"Host": self.host, "Connection": "close", **(headers or {})}
        timeout = urllib3.Timeout(CALL_TIMEOUT_S)
        pool: urllib3.HTTPConnectionPool
        if url.scheme == "https":
            pool = urllib3.HTTPSConnectionPool(
                url.hostname or "", url.port, timeout=timeout, server_hostname=self.host, assert_hostname=self.host
            )
        else:
            pool = urllib3.HTTPConnectionPool(url.hostname or "", url.port, timeout=timeout)
        with pool:
            answer = pool.request("GET", path, headers=asked, retries=False, redirect=False)
        try:
            return answer.status, json.loads(answer.data)
        except ValueError:
            return answer.status, None


def site_at(host: str, via: str | None, fallback: str | None) -> Site:
    """The site by its own name, or through `via`; through `fallback` where the name has no DNS record yet.

    Raises DeployError if `via` is no URL.
    """
    if via:
        if urlsplit(via).scheme not in {"http", "https"} or not urlsplit(via).hostname:
            raise DeployError(f"{via!r} is no URL to reach the site by: --via https://d111111abcdef8.cloudfront.net")
        return Site(host, via)
    own = Site(host, f"https://{host}")
    if fallback:
        try:
            own.get("/healthz")
        except NameResolutionError:
            return Site(host, f"https://{fallback}")
        except HTTPError:
            return own  # the smoke test tells
    return own


def smoke(aws: Aws, site: Site, release: str | None, progress: Progress, *, patience_s: float = PATIENCE_S) -> None:
    """Raises DeployError with the first thing that is wrong for `patience_s`. `release` None: whichever it is."""
    _patiently(lambda: _is_ready(site), patience_s)
    _patiently(lambda: _is_release(site, release), patience_s)
    secret = str(manage(aws, aws.stage.function, "smoke_key", progress).get("secret", ""))
    if not secret.startswith(aws.stage.secret("handover/")):
        raise DeployError("smoke_key names no secret under handover/, so no call could be authorised")
    key = aws.secrets.get_secret_value(SecretId=secret)["SecretString"]
    _patiently(lambda: _is_open_to(site, key), patience_s)


def _is_ready(site: Site) -> str | None:
    status, parts = site.get("/readyz")
    if status == 200:
        return None
    away = [name for name, state in parts.items() if state == "away"] if isinstance(parts, dict) else []
    return f"/readyz answers {status}" + (f": {', '.join(away)} away" if away else "")


def _is_release(site: Site, release: str | None) -> str | None:
    status, health = site.get("/healthz")
    version = health.get("version") if isinstance(health, dict) else None
    if status == 200 and release in (version, None):
        return None
    return f"/healthz answers {status} with version {version}, not {release}"


def _is_open_to(site: Site, key: str) -> str | None:
    status, _ = site.get("/v1/account", {"X-API-Key": key})
    return None if status == 200 else f"GET /v1/account with a valid key answers {status}"


def _patiently(look: Callable[[], str | None], patience_s: float) -> None:
    """Until `look` finds nothing wrong: what was just deployed takes its first calls slowly, and old ones end."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            wrong = look()
        except HTTPError as error:
            wrong = f"the site is out of reach: {error}"
        if wrong is None:
            return
        if time.monotonic() > deadline:
            raise DeployError(wrong)
        time.sleep(PAUSE_S)
