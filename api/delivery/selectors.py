"""Reading messages."""

from datetime import UTC, datetime
from uuid import UUID

from api.delivery.models import Message


def mails_sent_today(account_id: UUID, *, now: datetime) -> int:
    """The account's live mails since midnight UTC, of every kind, sent or about to be: what its cap a day counts."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return Message.objects.filter(account_id=account_id, created_at__gte=midnight, livemode=True).count()


def feed_is_past(message: Message) -> bool:
    """Has the mail service reported a mail whose call began later than this one's?

    Only mails that were tried once count: of any other, the report may be about an earlier call than its last.
    """
    return Message.objects.filter(
        reported_at__isnull=False, sending_started_at__gt=message.sending_started_at, attempts=1
    ).exists()
