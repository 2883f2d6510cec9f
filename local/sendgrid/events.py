"""The event webhook: signs the events of each mail and posts them until somebody has received them."""

import base64
import heapq
import itertools
import json
import sys
import threading
import time
from dataclasses import dataclass, replace

import urllib3
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from local.sendgrid.mailbox import Mailbox
from local.sendgrid.mails import Mail

SIGNATURE_HEADER = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP_HEADER = "X-Twilio-Email-Event-Webhook-Timestamp"
POST_TIMEOUT_S = 5.0
RETRY_DELAYS_S = (0.5, 1, 2, 5, 10, 20, 30)  # the last one repeats
GIVE_UP_AFTER_S = 600


def sign(private_key: ec.EllipticCurvePrivateKey, timestamp: str, body: bytes) -> str:
    """Return the signature header's value: base64 DER of ECDSA with SHA-256 over timestamp and raw body."""
    signature = private_key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    return base64.b64encode(signature).decode()


@dataclass(frozen=True)
class Attempt:
    mail: Mail
    number: int = 0
    give_up_at: float | None = None  # monotonic; counted from the first attempt of this process


class EventFeed:
    """Posts one array a mail, in the order they became due, from a thread of its own.

    A mail that is refused is tried again later without holding up the others, and given up after 10 minutes, until
    the next start. A kill between the receiver's answer and our note of it posts the same events again, same ids.
    """

    def __init__(self, url: str, private_key: ec.EllipticCurvePrivateKey, mailbox: Mailbox) -> None:
        self._url = url
        self._private_key = private_key
        self._mailbox = mailbox
        self._http = urllib3.PoolManager(timeout=POST_TIMEOUT_S, retries=False)
        self._queue: list[tuple[float, int, Attempt]] = []  # by time, then by order of arrival
        self._arrivals = itertools.count()
        self._changed = threading.Condition()

    def start(self) -> None:
        """Begin with the events that an earlier process left unposted."""
        for mail in self._mailbox.waiting():
            self.add(mail)
        threading.Thread(target=self._run, name="event-feed", daemon=True).start()

    def add(self, mail: Mail) -> None:
        """Post the mail's events once it is due."""
        self._enqueue(Attempt(mail), time.monotonic() + max(0.0, mail.due - time.time()))

    def _enqueue(self, attempt: Attempt, at: float) -> None:
        with self._changed:
            heapq.heappush(self._queue, (at, next(self._arrivals), attempt))
            self._changed.notify()

    def _run(self) -> None:
        while True:
            self._try(self._next_due())

    def _next_due(self) -> Attempt:
        with self._changed:
            while True:
                wait = self._queue[0][0] - time.monotonic() if self._queue else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._queue)[2]
                self._changed.wait(wait)

    def _try(self, attempt: Attempt) -> None:
        problem = "refused"
        try:
            if self._post(attempt.mail):
                self._mailbox.mark_posted(attempt.mail)
                return
        except (urllib3.exceptions.HTTPError, OSError) as error:
            problem = type(error).__name__
        self._retry(attempt, problem)

    def _post(self, mail: Mail) -> bool:
        timestamp = str(int(time.time()))
        body = json.dumps(mail.events).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "SendGrid Event API",
            TIMESTAMP_HEADER: timestamp,
            SIGNATURE_HEADER: sign(self._private_key, timestamp, body),
        }
        response = self._http.request("POST", self._url, body=body, headers=headers, redirect=False)
        return 200 <= response.status < 300

    def _retry(self, attempt: Attempt, problem: str) -> None:
        now = time.monotonic()
        give_up_at = attempt.give_up_at or now + GIVE_UP_AFTER_S
        if now >= give_up_at:
            print(f"events of mail {attempt.mail.id}: {problem}, given up", file=sys.stderr, flush=True)
            return
        delay = RETRY_DELAYS_S[min(attempt.number, len(RETRY_DELAYS_S) - 1)]
        self._enqueue(replace(attempt, number=attempt.number + 1, give_up_at=give_up_at), now + delay)
