"""`manage.py smoke_key`: a test key that may only look at its account, for an hour, in the secret `smoke-key`.

Earlier ones end, once the new one works.
"""

from datetime import datetime, timedelta

from django.conf import settings

from accounts import key_handover
from accounts.models import Account, ApiKey, Scope
from accounts.selectors import working_keys_of
from accounts.services import create_account, issue_api_key, revoke_api_key
from api.delivery.backends.sendgrid import sender_address
from giftflick.commands import Json, JsonCommand, moment

ACCOUNT = "Giftflick smoke test"
PLACE = "smoke-key"
LIVES = timedelta(hours=1)


class Command(JsonCommand):
    help = "Hand over a key for the smoke test after a deployment."

    def answer(self, options: Json, *, now: datetime) -> Json:  # noqa: ARG002
        account = _account()

        def create(text: str) -> tuple[ApiKey, str]:
            return issue_api_key(
                account,
                name="smoke test",
                livemode=False,
                scopes=[Scope.ACCOUNT_READ],
                expires_at=now + LIVES,
                created_by="smoke_key",
                now=now,
                text=text,
            )

        record, where = key_handover.make(
            create, livemode=False, what="The key of the last smoke test: a test key for an hour.", place=PLACE
        )
        earlier = [key for key in working_keys_of(account.pk, now=now) if key.pk != record.pk]
        for key in earlier:
            revoke_api_key(key, revoked_by="smoke_key", now=now)
        return {"id": record.pk, "expires_at": moment(record.expires_at), "revoked": len(earlier)} | where


def _account() -> Account:
    """Of our own: nobody else's sender or recipient ever hears from it."""
    return Account.objects.filter(name=ACCOUNT).first() or create_account(
        name=ACCOUNT, email=sender_address(settings.MAIL_FROM).email
    )
