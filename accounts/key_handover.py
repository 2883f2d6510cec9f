"""Keys that commands make: handed over first, and only then made to work.

So a process killed at any point leaves no working key that nobody has: at worst a secret whose key is refused.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from accounts import keys
from accounts.models import Account, ApiKey
from accounts.selectors import working_keys
from api.exceptions import ApplicationError, BackendError
from giftflick import handover

Create = Callable[[str], tuple[ApiKey, str]]


def place_of(key_id: str) -> str:
    return f"api-key/{key_id}"


def make(create: Create, *, livemode: bool, what: str, place: str | None = None) -> tuple[ApiKey, dict[str, str]]:
    """The key's record, and where the key is: `{"secret": name}`, or `{"key": …}` where nothing is handed over.

    `create` issues or rotates with the text that it is given. Without `place` the secret is named after the key, and
    taken back if the key does not come to work. Raises BackendError, and what `create` raises.
    """
    text = keys.generate(livemode=livemode)
    if not handover.is_wanted():
        return create(text)[0], {"key": text}
    name = place or place_of(text.split("_")[2])
    secret = handover.hand_over(name, text, what=what)
    try:
        record, _ = create(text)
    except ApplicationError:
        if place is None:
            with suppress(BackendError):  # then a secret is left whose key is refused
                handover.take_back(name)
        raise
    return record, {"secret": secret}


def handed_over(account: Account, *, name: str, livemode: bool, now: datetime) -> ApiKey | None:
    """The newest working key of this name and mode whose secret is still there: a repeated call needs no other."""
    same = working_keys(now=now).filter(account=account, name=name, livemode=livemode).order_by("-created_at", "-pk")
    return next((key for key in same if handover.is_there(place_of(key.pk))), None)


def replacement(key: ApiKey, *, now: datetime) -> ApiKey | None:
    """The newest working key in the place of this one whose secret is still there."""
    newer = working_keys(now=now).filter(replaces=key).order_by("-created_at", "-pk")
    return next((key for key in newer if handover.is_there(place_of(key.pk))), None)
