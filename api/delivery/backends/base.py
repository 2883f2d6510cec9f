"""What a mail service is to us: one mail in, its id out."""

from dataclasses import dataclass
from typing import Protocol, Self
from uuid import UUID


@dataclass(frozen=True)
class Address:
    email: str
    name: str


@dataclass(frozen=True)
class Mail:
    """One mail to one address. `message_id` is all that the mail service is told of us; its events bring it back."""

    message_id: UUID
    kind: str
    from_name: str
    to: Address
    reply_to: Address | None
    subject: str
    html: str
    text: str


@dataclass(frozen=True)
class Accepted:
    """The mail service has the mail, which is not to say that it will arrive."""

    provider_id: str


class MailBackend(Protocol):
    @classmethod
    def from_settings(cls) -> Self:
        """Raises ImproperlyConfigured by the setting's name."""
        ...

    def send(self, mail: Mail) -> Accepted:
        """Raises BackendError.

        `outcome_unknown`: perhaps accepted. Otherwise certainly not: `retryable` if that was not the mail's own fault.
        """
        ...
