"""How much there is and what is stuck, at a cost that does not grow with what has piled up."""

from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Model

from accounts.models import ApiKey
from accounts.selectors import keys_in
from accounts.states import KeyState
from api.delivery.models import Message
from api.gifts.models import Gift
from api.outbox import selectors as outbox
from api.rendering.models import Render
from api.time_keys import key_at

COUNTED_UP_TO = 100_000  # rows; of a larger table PostgreSQL's own estimates are told

_ROWS = "SELECT reltuples FROM pg_class WHERE oid = %s::regclass"
_SHARES = """
    SELECT unnest(most_common_vals::text::text[]), unnest(most_common_freqs)
    FROM pg_stats WHERE schemaname = current_schema() AND tablename = %s AND attname = 'status'
"""

Json = dict[str, Any]


def figures(*, now: datetime) -> Json:
    """Live and test together."""
    return {
        "gifts": gifts_by_status(),
        "today": {
            "renders": _today(Render, now=now),
            "mails": _today(Message, now=now),
        },
        "jobs": {
            "waiting": outbox.count_waiting(),
            "oldest_due_s": round(outbox.queue_state(now=now).age.total_seconds()),
            "dead": outbox.count_dead(),
        },
        "keys": {state.value: ApiKey.objects.filter(keys_in(state, now=now)).count() for state in KeyState},
    }


def gifts_by_status(counted_up_to: int = COUNTED_UP_TO) -> Json:
    """Counted, or, where there are many, as PostgreSQL estimated when it last analyzed the table."""
    table = Gift._meta.db_table  # noqa: SLF001 - Django documents it
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, [table])
        rows = round(cursor.fetchone()[0])  # -1 where it was never analyzed
        if rows > counted_up_to:
            cursor.execute(_SHARES, [table])
            return {"is_estimate": True, **{status: round(rows * share) for status, share in cursor.fetchall()}}
    return {"is_estimate": False, **_by_status(Gift.objects.all())}


def _today(model: type[Model], *, now: datetime) -> dict[str, int]:
    """By status, what was made since midnight UTC: a stretch of the primary key, as UUIDv7 begin with their time."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    first = key_at(midnight)
    return _by_status(model._default_manager.filter(pk__gte=first))  # noqa: SLF001 - Django documents it


def _by_status(rows: Any) -> dict[str, int]:
    return dict(rows.order_by("status").values_list("status").annotate(Count("pk")))
