"""Everything that changes endpoints and deliveries."""

from api.webhooks.services.announcing import announce
from api.webhooks.services.delivering import (
    Call,
    begin_attempt,
    forget_words,
    purge_old,
    record_outcome,
    redeliver,
    send_test,
)
from api.webhooks.services.endpoints import create_endpoint, delete_endpoint, rotate_secret, update_endpoint

__all__ = [
    "Call",
    "announce",
    "begin_attempt",
    "create_endpoint",
    "delete_endpoint",
    "forget_words",
    "purge_old",
    "record_outcome",
    "redeliver",
    "rotate_secret",
    "send_test",
    "update_endpoint",
]
