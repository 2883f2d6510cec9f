"""The keys' jobs: projecting an account's changes, and the daily sync."""

from datetime import datetime
from uuid import UUID

from accounts import key_sync
from accounts.services import project_account
from api.outbox import services as outbox
from api.outbox.registry import handles

SYNC_HOUR = 3  # UTC
NOBODY = UUID(int=0)  # the sync is about no row


@handles("keys.project")
def project(ref_id: UUID, *, now: datetime) -> None:
    project_account(ref_id, now=now)


@handles("keys.sync")
def sync(ref_id: UUID, *, now: datetime) -> None:  # noqa: ARG001
    key_sync.sync(now=now)


def schedule_sync(now: datetime) -> int:
    """A sweep: any tick within the hour writes the day's one job, the others find it there."""
    if now.hour == SYNC_HOUR:
        outbox.enqueue("keys.sync", NOBODY, now=now, dedupe_key=f"keys.sync:{now:%Y-%m-%d}")
    return 0
