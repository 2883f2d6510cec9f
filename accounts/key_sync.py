"""Brings the keys' records and the key table together again: what narrows a key in either place holds in both.

Killed processes and hands that wrote into the table leave them apart. Nothing here widens what a key may do beyond what
its record says, and nothing that narrows it is undone.
"""

import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from accounts import key_store, services
from accounts.authorizer import NEVER, Item, as_time
from accounts.models import ApiKey
from accounts.selectors import keys_by_id, state_of, working_keys
from accounts.states import WORKING

log = logging.getLogger("giftflick.keys")

SYNC = "sync"  # who has revoked a key, if all that is known is that somebody did


class Drift(StrEnum):
    """Where something is said that the other place does not know."""

    NOT_IN_TABLE = "not_in_table"
    NOT_IN_RECORDS = "not_in_records"
    OUTDATED = "outdated"
    BROKEN = "broken"
    REVOKED_IN_TABLE = "revoked_in_table"
    REVOKED_IN_RECORDS = "revoked_in_records"
    EXPIRES_IN_TABLE = "expires_in_table"
    EXPIRES_IN_RECORDS = "expires_in_records"
    SUSPENDED_IN_TABLE = "suspended_in_table"
    SUSPENDED_IN_RECORDS = "suspended_in_records"
    RESUMED_IN_RECORDS = "resumed_in_records"


@dataclass
class Report:
    """How many items were looked at, and what was found."""

    checked: int = 0
    drift: Counter[Drift] = field(default_factory=Counter)


def sync(*, now: datetime, is_dry_run: bool = False) -> Report:
    """Look at every item and every working key, and repair what has drifted unless `is_dry_run`.

    A page of the table is read before its records: a record is always there before its item is. Raises BackendError,
    or UnavailableError, when the table is away; what was repaired by then is repaired.
    """
    report, seen = Report(), set[str]()
    for page in key_store.pages():
        records = keys_by_id([item["id"]["S"] for item in page])
        for item in page:
            key_id = item["id"]["S"]
            seen.add(key_id)
            _look_at(key_id, item, records.get(key_id), report, now=now, is_dry_run=is_dry_run)
    for key in working_keys(now=now).iterator(chunk_size=1000):
        if key.pk not in seen:
            report.drift[Drift.NOT_IN_TABLE] += 1
            if not is_dry_run:
                key_store.create(key)
    if report.drift:
        log.warning("API keys had drifted", extra={"drift": dict(report.drift), "is_repaired": not is_dry_run})
    return report


def drift_of(item: Item, key: ApiKey, *, now: datetime) -> frozenset[Drift]:
    """What the item and the record of one key do not agree on."""
    found = set[Drift]()
    if any(item.get(name) != value for name, value in key_store.described_by(key).items()):
        found.add(Drift.OUTDATED)
    if any(key_store.is_broken(item.get(name)) for name in key_store.NARROWING):
        found.add(Drift.BROKEN)
    if is_revoked(item) != (key.revoked_at is not None):
        found.add(Drift.REVOKED_IN_TABLE if is_revoked(item) else Drift.REVOKED_IN_RECORDS)
    if (expires_at := time_in(item, "expires_at", now=now)) != key.expires_at:
        is_earlier = key.expires_at is None or (expires_at is not None and expires_at < key.expires_at)
        found.add(Drift.EXPIRES_IN_TABLE if is_earlier else Drift.EXPIRES_IN_RECORDS)
    if state_of(key, now=now) in WORKING and not is_revoked(item):
        found |= _suspension_drift(item, key, now=now)
    return frozenset(found)


def _suspension_drift(item: Item, key: ApiKey, *, now: datetime) -> set[Drift]:
    suspended_at, account = time_in(item, "suspended_at", now=now), key.account
    if suspended_at is None:
        return {Drift.SUSPENDED_IN_RECORDS} if account.suspended_at is not None else set()
    if account.suspended_at is not None:
        return set()
    is_over = account.resumed_at is not None and suspended_at <= account.resumed_at
    return {Drift.RESUMED_IN_RECORDS if is_over else Drift.SUSPENDED_IN_TABLE}


def is_revoked(item: Item) -> bool:
    """Anything but `NEVER` counts, as it does for the authorizer; what is not there at all is broken."""
    return bool(item.get("revoked_at", NEVER) != NEVER)


def time_in(item: Item, name: str, *, now: datetime) -> datetime | None:
    """Since when or from when on the key is narrowed; now, if something is there that is no time."""
    value = item.get(name, NEVER)
    if value == NEVER:
        return None
    return now if key_store.is_broken(value) else as_time(value["N"])


def _look_at(key_id: str, item: Item, key: ApiKey | None, report: Report, *, now: datetime, is_dry_run: bool) -> None:
    report.checked += 1
    if key is None:
        if not (is_revoked(item) and item.get("ttl", NEVER) != NEVER):
            report.drift[Drift.NOT_IN_RECORDS] += 1
            if not is_dry_run:
                key_store.bury(key_id, at=now)
        return
    found = drift_of(item, key, now=now)
    report.drift.update(found)
    if found and not is_dry_run:
        _teach_record(item, key, found, now=now)
        _teach_table(item, keys_by_id([key_id])[key_id], now=now)


def _teach_record(item: Item, key: ApiKey, found: frozenset[Drift], *, now: datetime) -> None:
    """Make the record as narrow as the item is."""
    if Drift.REVOKED_IN_TABLE in found:
        services.revoke_record(key, at=time_in(item, "revoked_at", now=now), revoked_by=SYNC, now=now)
    if Drift.EXPIRES_IN_TABLE in found:
        services.expire_record(key, at=time_in(item, "expires_at", now=now), now=now)
    if Drift.SUSPENDED_IN_TABLE in found:
        services.suspend_account(key.account, now=time_in(item, "suspended_at", now=now) or now)


def _teach_table(item: Item, key: ApiKey, *, now: datetime) -> None:
    """Make the item say what the record says by now, and as narrow as it."""
    found = drift_of(item, key, now=now)
    if Drift.OUTDATED in found:
        key_store.describe(key)
    for name in key_store.NARROWING:
        value: Any = item.get(name)
        if key_store.is_broken(value):
            key_store.mend(key, name, value)
    if key.revoked_at is not None and Drift.REVOKED_IN_RECORDS in found:
        key_store.revoke(key, at=key.revoked_at)
    if key.expires_at is not None and Drift.EXPIRES_IN_RECORDS in found:
        key_store.expire(key, at=key.expires_at)
    if key.account.suspended_at is not None and Drift.SUSPENDED_IN_RECORDS in found:
        key_store.suspend(key, at=key.account.suspended_at)
    if key.account.resumed_at is not None and Drift.RESUMED_IN_RECORDS in found:
        key_store.resume(key, at=key.account.resumed_at)
