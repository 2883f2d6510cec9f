"""How often a caller may call: windows of a minute that hold over all processes, without a write on every call.

A caller's window begins with the first call and is a row. A process takes a few of its calls in advance and gives them
out from memory, so no more are given than the window has; once it is used up, the process refuses without asking.
"""

import ipaddress
import math
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.db import InterfaceError, OperationalError, connection
from django.utils.crypto import salted_hmac

from accounts.models import RateWindow

WINDOW = timedelta(seconds=60)
CALLS_OF_AN_ADDRESS = 300  # a window
FIRST_TAKEN = 2  # and twice as many each time, so that a process with little to do leaves little lying
LARGEST_SHARE = 50  # at most a 50th of the limit at once,
SHARE_OF_REST = 16  # and of what nobody has taken yet: the window's last calls go to whoever asks
NEVER = datetime.min.replace(tzinfo=UTC)
AWAY = timedelta(seconds=5)  # how long a process counts addresses by itself when the database is not there
MOST_CALLERS = 10_000  # in one process's memory

# A window that begins later than one lasts was begun by another clock: it does not hold.
_TAKE = """
    INSERT INTO accounts_ratewindow AS w (caller, started_at, taken, granted)
    VALUES (%(caller)s, %(now)s, %(wanted)s, %(wanted)s)
    ON CONFLICT (caller) DO UPDATE SET (started_at, taken, granted) = (
        SELECT CASE WHEN is_over THEN EXCLUDED.started_at ELSE w.started_at END,
               CASE WHEN is_over THEN EXCLUDED.taken ELSE w.taken + share END,
               CASE WHEN is_over THEN EXCLUDED.granted ELSE share END
        FROM (
            SELECT w.started_at <= %(over)s OR w.started_at > %(foreign)s AS is_over,
                   GREATEST(0, LEAST(%(wanted)s, GREATEST(1, (%(limit)s - w.taken) / %(of_rest)s),
                                     %(limit)s - w.taken)) AS share
        ) AS asked
    )
    RETURNING started_at, taken, granted
"""


@dataclass(frozen=True)
class Allowance:
    """What became of one call. `remaining` is what this process knows of: others may have taken some of it."""

    policy: str
    limit: int
    is_granted: bool
    remaining: int
    resets_in: timedelta

    @property
    def resets_in_s(self) -> int:
        return math.ceil(self.resets_in.total_seconds())

    @property
    def headers(self) -> dict[str, str]:
        """The fields of draft-ietf-httpapi-ratelimit-headers."""
        return {
            "RateLimit-Policy": f'"{self.policy}";q={self.limit};w={round(WINDOW.total_seconds())}',
            "RateLimit": f'"{self.policy}";r={self.remaining};t={self.resets_in_s}',
        }


@dataclass
class _Lease:
    """The calls that this process may give out until `ends_at`, and how many `rest` for anybody at its last look."""

    ends_at: datetime = NEVER
    left: int = 0
    rest: int = 0
    granted: int = 0
    limit: int = -1  # what all of this was computed for
    lock: threading.Lock = field(default_factory=threading.Lock)


class RateLimiter:
    """One process's leases; safe for threads, of which those of one caller wait for each other's look at the row."""

    def __init__(self) -> None:
        self._leases: dict[str, _Lease] = {}
        self._lock = threading.Lock()

    def take_for_key(self, key_id: str, *, limit: int, now: datetime) -> Allowance:
        """Raises OperationalError when the database is away: a call that nobody counts is not allowed."""
        lease = self._lease(f"key:{key_id}", now)
        with lease.lock:
            return self._take(lease, f"key:{key_id}", policy="default", limit=limit, now=now)

    def take_for_address(self, address: str, *, limit: int = CALLS_OF_AN_ADDRESS, now: datetime) -> Allowance:
        """While the database is away, the process counts by itself for a few seconds at a time."""
        caller = f"address:{_pseudonym(address)}"
        lease = self._lease(caller, now)
        with lease.lock:
            with suppress(OperationalError, InterfaceError):
                return self._take(lease, caller, policy="address", limit=limit, now=now)
            lease.ends_at, lease.left, lease.rest, lease.limit = now + AWAY, limit, 0, limit
            return self._take(lease, caller, policy="address", limit=limit, now=now)

    def forget(self) -> None:
        """Drop all leases; what they held is lost to their callers until the windows end."""
        with self._lock:
            self._leases.clear()

    def _lease(self, caller: str, now: datetime) -> _Lease:
        with self._lock:
            if caller not in self._leases and len(self._leases) >= MOST_CALLERS:
                held = {name: lease for name, lease in self._leases.items() if lease.ends_at > now}
                self._leases = held if len(held) < MOST_CALLERS else {}
            return self._leases.setdefault(caller, _Lease())

    def _take(self, lease: _Lease, caller: str, *, policy: str, limit: int, now: datetime) -> Allowance:
        if lease.ends_at <= now or lease.ends_at > now + 2 * WINDOW:
            lease.left, lease.rest, lease.granted, lease.ends_at = 0, limit, 0, now + WINDOW
        elif lease.limit != limit:
            lease.left, lease.rest = 0, limit
        lease.limit = limit
        if lease.left == 0 and lease.rest > 0:
            _ask(lease, caller, limit=limit, now=now)
        is_granted = lease.left > 0
        lease.left -= is_granted
        return Allowance(policy, limit, is_granted, lease.left + lease.rest, lease.ends_at - now)


limiter = RateLimiter()


def purge_windows(*, now: datetime) -> int:
    """Remove windows that ended a while ago."""
    removed, _ = RateWindow.objects.filter(started_at__lt=now - 10 * WINDOW).delete()
    return removed


def _ask(lease: _Lease, caller: str, *, limit: int, now: datetime) -> None:
    """One statement, outside any transaction: a process killed after it has lost its share of this window."""
    wanted = max(1, min(limit // LARGEST_SHARE, 2 * lease.granted or FIRST_TAKEN))
    values: dict[str, str | int | datetime] = {
        "caller": caller,
        "now": now,
        "over": now - WINDOW,
        "foreign": now + WINDOW,
        "wanted": wanted,
        "limit": limit,
        "of_rest": SHARE_OF_REST,
    }
    try:
        with connection.cursor() as cursor:
            cursor.execute(_TAKE, values)
            started_at, taken, lease.granted = cursor.fetchone()
    except (OperationalError, InterfaceError):
        lease.ends_at = NEVER
        raise
    lease.ends_at = started_at + WINDOW
    lease.left, lease.rest = lease.granted, max(0, limit - taken) if lease.granted else 0


def _pseudonym(address: str) -> str:
    """No address is stored in the clear; of IPv6, whose callers have a whole network each, the network counts."""
    with suppress(ValueError):
        parsed = ipaddress.ip_address(address)
        if isinstance(parsed, ipaddress.IPv6Address):
            mapped = parsed.ipv4_mapped
            address = str(mapped or ipaddress.ip_network((parsed.packed, 64), strict=False))
    return salted_hmac("accounts.throttling", address, algorithm="sha256").hexdigest()
