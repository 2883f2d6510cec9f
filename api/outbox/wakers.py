"""Telling a worker, right after a commit, that the job table has work. Best effort: the tick finds it anyway."""

from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string

CHANNEL = "giftflick_outbox"


def wake_after_commit() -> None:
    """Once a transaction, however many jobs it wrote."""
    waker = _waker()
    if not any(entry[1] is waker for entry in connection.run_on_commit):
        transaction.on_commit(waker, robust=True)


def notify_listeners() -> None:
    """Wake the processes that run `manage.py work`."""
    with connection.cursor() as cursor:
        cursor.execute(f"NOTIFY {CHANNEL}")


@cache
def _waker() -> Callable[[], None]:
    return import_string(settings.OUTBOX_WAKER)  # type: ignore[no-any-return]
