"""Sign-ins and refusals in the audit log, which nobody can flood: of what strangers may cause, so much an hour.

Of what was typed nothing is kept, for a password may stand where the name belongs; of the address a pseudonym, by which
two entries can be told to come from the same place.
"""

from datetime import datetime, timedelta

from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from accounts.addresses import client_network
from accounts.models import User
from api import actors
from api.audit.models import AuditEntry
from api.audit.services import record

AN_HOUR = timedelta(hours=1)
MOST_AN_HOUR = 100  # of one kind of refusal, as one person; those as nobody that we know have one share together
NOBODY_KNOWN = "?"


def note_sign_in(request: HttpRequest, user: User, *, by: str, now: datetime) -> None:
    """`by` is the second factor that was shown."""
    changes = {"second factor": [None, by], "from": [None, _place(request)]}
    record("sign_in", actor=actors.staff(user.get_username()), subject=user, changes=changes, now=now)


def note_refusal(request: HttpRequest, user: User | None, action: str, *, what: str, now: datetime) -> None:
    """`what` was wrong, such as the password. The user is the one whose name was typed, if it is anybody's."""
    actor = actors.staff(NOBODY_KNOWN if user is None else user.get_username())
    if is_flooded(action, actor, now=now):
        return
    changes = {"refused": [None, what], "from": [None, _place(request)]}
    record(action, actor=actor, subject=user, changes=changes, now=now)


def note_access_refused(request: HttpRequest, user: User, why: str, *, now: datetime) -> None:
    """Somebody who is signed in asked for what is not theirs to see or do."""
    actor = actors.staff(user.get_username())
    if is_flooded("access.refused", actor, now=now):
        return
    route = request.resolver_match.route if request.resolver_match else ""
    changes = {"page": [None, route], "method": [None, request.method], "refused": [None, why]}
    record("access.refused", actor=actor, changes=changes, now=now)


def note(action: str, user: User, *, now: datetime) -> None:
    """What somebody has done to their own password or second factor."""
    record(action, actor=actors.staff(user.get_username()), subject=user, now=now)


def is_flooded(action: str, actor: str, *, now: datetime) -> bool:
    """Whether this hour has had its share of such entries about somebody; those beyond it are not written."""
    latest = AuditEntry.objects.filter(action=action, actor=actor).order_by("-id").values_list("at", flat=True)
    oldest_of_share = latest[MOST_AN_HOUR - 1 : MOST_AN_HOUR].first()
    return oldest_of_share is not None and oldest_of_share > now - AN_HOUR


def _place(request: HttpRequest) -> str:
    return salted_hmac("accounts.sign_in_log", client_network(request), algorithm="sha256").hexdigest()[:8]
