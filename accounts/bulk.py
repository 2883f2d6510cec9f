"""What may be done to many shops at once. It reaches their keys' table outside, so no transaction is around it."""

from datetime import datetime

from accounts import services
from accounts.models import Account
from api.batches.models import BatchItem
from api.batches.registry import batch_kind
from api.exceptions import NotFoundError

SUSPEND, RESUME = "accounts.suspend", "accounts.resume"
LOOK, PERMISSION = "accounts.view_account", "accounts.change_account"
PAGE = "admin:accounts_account_change"


@batch_kind(SUSPEND, is_atomic=False, look=LOOK, permission=PERMISSION, row_page=PAGE)
def suspend(item: BatchItem, *, actor: str, now: datetime) -> str:  # noqa: ARG001
    services.suspend_account(_account(item), now=now)
    return "Suspended: every key is refused."


@batch_kind(RESUME, is_atomic=False, look=LOOK, permission=PERMISSION, row_page=PAGE)
def resume(item: BatchItem, *, actor: str, now: datetime) -> str:  # noqa: ARG001
    services.resume_account(_account(item), now=now)
    return "Resumed: its keys work again."


def _account(item: BatchItem) -> Account:
    account = Account.objects.filter(pk=item.ref_id).first()
    if account is None:
        raise NotFoundError("This shop is no longer there.")
    return account
