"""A message's states: what we meant to send and what became of it; and what the mail service may report."""

from django.db import models


class MessageKind(models.TextChoices):
    GIFT = "gift", "the gift, to the recipient"
    LINK = "link", "the gift's link, to the sender"
    RECEIPT = "receipt", "the gift was handed in, to the sender"
    VIDEO_READY = "video_ready", "the video is ready, to the sender"
    ADDRESS_BOUNCED = "address_bounced", "the recipient's address bounced, to the sender"
    THANKS = "thanks", "the recipient's thanks, to the sender"
    WEBHOOK_DISABLED = "webhook_disabled", "a webhook endpoint was switched off, to the shop"


class MessageStatus(models.TextChoices):
    QUEUED = "queued", "to be sent"
    SENDING = "sending", "a process is, or was, sending it"
    UNKNOWN = "unknown", "perhaps accepted: waiting for the mail service's word"
    ACCEPTED = "accepted", "the mail service has it"
    DELIVERED = "delivered", "the recipient's server has it"
    BOUNCED = "bounced", "not deliverable"
    REFUSED = "refused", "the mail service will not take it"
    RECORDED = "recorded", "a test gift's: kept, never sent"
    WITHDRAWN = "withdrawn", "called back before it was sent"


# An intent without an outcome.
OPEN = frozenset({MessageStatus.QUEUED, MessageStatus.SENDING, MessageStatus.UNKNOWN})
# Not, or not yet, where it should go: what founders look for among very many that are.
UNDELIVERED = OPEN | {MessageStatus.BOUNCED, MessageStatus.REFUSED}
# The mail service has taken it, whatever came after.
TAKEN = frozenset({MessageStatus.ACCEPTED, MessageStatus.DELIVERED, MessageStatus.BOUNCED, MessageStatus.RECORDED})


class EventType(models.TextChoices):
    """Any of them proves that the mail service has taken the mail."""

    PROCESSED = "processed", "the mail service has it"
    DEFERRED = "deferred", "the recipient's server asked for patience"
    DELIVERED = "delivered", "the recipient's server has it"
    BOUNCED = "bounced", "the recipient's server will not have it"
    DROPPED = "dropped", "the mail service did not even try"
    OPENED = "opened", "opened, perhaps by a machine"
    CLICKED = "clicked", "a link in it was followed, perhaps by a machine"
    COMPLAINED = "complained", "reported as spam"
    UNSUBSCRIBED = "unsubscribed", "asked for no more mails"
    OTHER = "other", "nothing we know"
