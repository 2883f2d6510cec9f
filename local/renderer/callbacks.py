"""Posts callbacks to the customer: the first try at once, further ones in the background with growing pauses."""

import logging
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import urllib3

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10.0
# The vendor tries ten times over 49 minutes; on one machine nobody waits that long.
PAUSES = (1.0, 3.0, 9.0, 27.0)


class Callbacks:
    """Unsigned, like the vendor's: who receives one asks for the status before believing it."""

    def __init__(self, stopping: threading.Event) -> None:
        self._stopping = stopping
        self._pool = urllib3.PoolManager(timeout=TIMEOUT_SECONDS, retries=False)

    def send(self, url: str | None, body: Mapping[str, Any]) -> None:
        """Post `body`, so that two calls arrive in their order unless the first has to be retried."""
        if url and not self._post(url, body):
            threading.Thread(target=self._retry, args=(url, body), daemon=True).start()

    def _retry(self, url: str, body: Mapping[str, Any]) -> None:
        for pause in PAUSES:
            if self._stopping.wait(pause) or self._post(url, body):
                return
        logger.warning("callback %s of render %s given up", body["type"], body.get("render") or body["id"])

    def _post(self, url: str, body: Mapping[str, Any]) -> bool:
        try:
            answer = self._pool.request("POST", url, json=body, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            logger.info("callback to %s failed: %s", urlsplit(url).hostname, type(error).__name__)
            return False
        return 200 <= answer.status < 300
