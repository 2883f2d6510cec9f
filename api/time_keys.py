"""Keys that begin with the time they were made at (UUIDv7): rows of a stretch of time are a stretch of the index."""

from datetime import datetime
from uuid import UUID


def key_at(moment: datetime) -> UUID:
    """The smallest key that a row made then can have."""
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)
