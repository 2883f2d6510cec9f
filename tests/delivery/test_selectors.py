from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Account
from api.delivery.selectors import mails_sent_today
from api.delivery.states import MessageKind
from api.gifts.models import Gift
from tests.delivery.conftest import QueueMail

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MIDNIGHT = NOON.replace(hour=0)


@pytest.mark.django_db
def test_cap_counts_the_accounts_live_mails_since_midnight_utc(
    queue_mail: QueueMail, make_gift: Callable[..., Gift], account: Account, other_account: Account
) -> None:
    queue_mail(make_gift(), now=MIDNIGHT)
    queue_mail(make_gift(), kind=MessageKind.THANKS, now=NOON)
    queue_mail(make_gift(), now=MIDNIGHT - timedelta(microseconds=1))
    queue_mail(make_gift(livemode=False), now=NOON)
    queue_mail(make_gift(account=other_account), now=NOON)

    assert mails_sent_today(account.id, now=NOON) == 2
