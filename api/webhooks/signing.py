"""Secrets and signatures after Standard Webhooks."""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

PREFIX = "whsec_"
RANDOM_BYTES = 32


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(RANDOM_BYTES)).decode()


def signed_headers(event_id: UUID, body: str, *, signing_secrets: Sequence[str], at: datetime) -> dict[str, str]:
    """One signature for each secret, so that a receiver may hold either while they change over."""
    from standardwebhooks import Webhook

    signatures = [Webhook(secret).sign(msg_id=str(event_id), timestamp=at, data=body) for secret in signing_secrets]
    return {
        "webhook-id": str(event_id),
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
