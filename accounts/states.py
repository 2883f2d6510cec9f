"""What has become of a key."""

from django.db.models import TextChoices


class KeyState(TextChoices):
    LIVE = "live", "works"
    EXPIRING = "expiring", "works, for at most 30 days more"
    EXPIRED = "expired", "refused since its time was up"
    REVOKED = "revoked", "refused since somebody ended it"


WORKING = frozenset({KeyState.LIVE, KeyState.EXPIRING})
