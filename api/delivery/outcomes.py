"""What became of one call to the mail service."""

from dataclasses import dataclass

from api.delivery.backends.base import Accepted
from api.exceptions import BackendError


@dataclass(frozen=True)
class NotAccepted:
    """Certainly not, and not because of the mail: raise `error` so that the job is tried again."""

    error: BackendError


@dataclass(frozen=True)
class Refused:
    """Certainly not, and never will be: something in the mail itself is wrong."""

    failure: dict[str, str]


@dataclass(frozen=True)
class Unknown:
    """Perhaps: the answer never came."""

    error: BackendError


@dataclass(frozen=True)
class Recorded:
    """A test gift's mail: kept, never sent."""


Outcome = Accepted | NotAccepted | Refused | Unknown | Recorded
