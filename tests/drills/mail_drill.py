"""A drill of mails: gifts that are due, and what SendGrid got."""

from datetime import datetime, timedelta

from django.db.models import Q

from accounts.models import Account
from api.delivery.models import MailEvent, Message
from api.gifts.models import Gift
from api.outbox.models import Job
from tests import build
from tests.drills.drill import MINUTE, Drill
from tests.system import Mailbox, System
from tests.waiting import eventually

EVENTS_A_MAIL = 2  # processed, delivered


class MailDrill(Drill):
    def __init__(self, system: System, account: Account, now: datetime, mailbox: Mailbox) -> None:
        super().__init__(system, account, now)
        self.mailbox = mailbox

    def due_gift(self, recipient: str, *, at: datetime | None = None) -> Gift:
        """Rendered long ago, its other mails forgotten: the next tick after `at` sends it and does nothing else."""
        due_at = at or self.now
        gift = build.scheduled(
            self.account,
            due_at - timedelta(hours=1),
            deliver_at=due_at.isoformat(),
            recipient={"name": "Ben", "email": recipient},
        )
        other_mails = Message.objects.filter(gift=gift)
        Job.objects.filter(Q(ref_id__in=other_mails.values("pk")) | Q(ref_id=build.awaited(gift).pk)).delete()
        other_mails.delete()
        return gift

    def kill(self, *points: str, at: datetime, nth: int = 1, command: str = "tick") -> None:
        super().kill(*points, at=at, nth=nth, command=command)
        self.mailbox.wait_until_idle()

    def settle(self) -> None:
        """Wait until SendGrid has told of every mail it has."""
        mails = [mail["custom_args"]["message_id"] for mail in self.mailbox.mails()]
        events = MailEvent.objects.filter(message__in=mails)
        eventually(lambda: events.count() == EVENTS_A_MAIL * len(mails), 15, lambda: (events.count(), len(mails)))

    def recover(self) -> None:
        """Ten minutes with a worker that lives, in which another gift is mailed: what a mail in doubt waits for."""
        self.settle()
        self.tick(self.now + 2 * MINUTE)
        self.due_gift("later@example.com", at=self.now + 3 * MINUTE)
        for minutes in (3, 4, 6, 7):
            self.tick(self.now + minutes * MINUTE)
            self.settle()
