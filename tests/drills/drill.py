"""One drill: gifts that are due, a worker that is killed, later turns of the clock, and what the outside got."""

import json
import signal
from datetime import datetime, timedelta
from io import StringIO

from django.core.management import call_command
from django.db.models import Q

from accounts.models import Account
from api.delivery.models import MailEvent, Message
from api.gifts.models import Gift
from api.outbox.models import Job
from tests import build
from tests.system import Json, Mailbox, System
from tests.waiting import eventually

EVENTS_A_MAIL = 2  # processed, delivered
MINUTE = timedelta(minutes=1)


class Drill:
    """Times are passed in: a lease of 90 seconds ends when a later tick says so, not when the test has waited."""

    def __init__(self, system: System, mailbox: Mailbox, account: Account, now: datetime) -> None:
        self._system = system
        self._account = account
        self.mailbox = mailbox
        self.now = now

    def due_gift(self, recipient: str, *, at: datetime | None = None) -> Gift:
        """Rendered long ago, its other mails forgotten: the next tick after `at` sends it and does nothing else."""
        due_at = at or self.now
        gift = build.scheduled(
            self._account,
            due_at - timedelta(hours=1),
            deliver_at=due_at.isoformat(),
            recipient={"name": "Ben", "email": recipient},
        )
        other_mails = Message.objects.filter(gift=gift)
        Job.objects.filter(Q(ref_id__in=other_mails.values("pk")) | Q(ref_id=build.awaited(gift).pk)).delete()
        other_mails.delete()
        return gift

    def kill(self, *points: str, at: datetime, nth: int = 1, command: str = "tick") -> None:
        """One turn of the clock in a process of its own, killed when it passes the last of `points` the nth time."""
        traps = [word for point in points for word in ("--at", point)]
        now = ["--now", at.isoformat()] if command == "tick" else []
        killer = ["-m", "tests.drills.killer", *traps, "--nth", str(nth)]
        done = self._system.run(*killer, "--", "manage.py", command, *now)
        assert done.returncode == -signal.SIGKILL, f"{points[-1]} was not passed: {done.stderr}"
        self.mailbox.wait_until_idle()

    def tick(self, at: datetime) -> Json:
        """One turn of the clock in this process; what it found to do."""
        output = StringIO()
        call_command("tick", "--now", at.isoformat(), stdout=output)
        found: Json = json.loads(output.getvalue())
        return found

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


def assert_nothing_left(*, but: frozenset[str] = frozenset()) -> None:
    """No job was lost on the way or given up; `but` are kinds that have time."""
    unfinished = Job.objects.exclude(state="done").exclude(kind__in=but)
    assert list(unfinished.values_list("kind", "state", "attempts", "run_at", "last_error")) == []
