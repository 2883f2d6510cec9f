"""What to do with a mail that was perhaps accepted: the rules, apart from where the facts are kept."""

from dataclasses import dataclass
from datetime import datetime, timedelta

# SendGrid's events come within seconds, and its own retries of a failed post within minutes. Nothing is concluded from
# their absence before this, whatever else they tell. It is also far more than a call (8 s) or a lease (90 s) lasts, so
# that whoever made the call is done with it.
PATIENCE = timedelta(minutes=5)

# Nothing at all of any later mail for so long: the feed is dead rather than slow. A gift that comes twice by half an
# hour is a smaller harm than one that never comes, so it is sent again and listed as a possible double.
FEED_IS_DEAD_AFTER = timedelta(minutes=30)

# How often an unresolved mail is looked at in between: the worker's tick.
LOOK_AGAIN_AFTER = timedelta(minutes=1)


@dataclass(frozen=True)
class Wait:
    until: datetime


@dataclass(frozen=True)
class Resend:
    is_possible_double: bool


def resolve(*, started_at: datetime, feed_is_past: bool, now: datetime) -> Wait | Resend:
    """`feed_is_past`: the mail service has reported a mail whose call began later, so it would have reported this one.

    Its own report is not asked for here: the first one settles the mail, and it is unknown no more.
    """
    if now < started_at + PATIENCE:
        return Wait(until=started_at + PATIENCE)
    if feed_is_past:
        return Resend(is_possible_double=False)
    dead_at = started_at + FEED_IS_DEAD_AFTER
    if now < dead_at:
        return Wait(until=min(now + LOOK_AGAIN_AFTER, dead_at))
    return Resend(is_possible_double=True)
