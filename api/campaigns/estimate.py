"""What approving a campaign would cost, in money, mails and time, before anybody does."""

import math
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from api.campaigns.models import Campaign
from api.delivery.selectors import mails_sent_today

# At most so many of a shop's gifts are rendered at once for its campaigns, so that others' do not wait behind them.
AT_ONCE = 200
LOOK_AGAIN_S = 20
MAILS_A_GIFT = 3  # the sender's receipt and "video ready", and the gift
RENDERS_A_GIFT = Decimal("1.2")  # docs/cost.md
DOLLARS_A_MINUTE = Decimal("0.30")  # docs/cost.md: Shotstack's price as you go, the dearest
MINUTES_A_ROUND = 1  # a tick


@dataclass(frozen=True)
class Estimate:
    """`days` is 1 if the shop's mails of a day suffice; `dollars` is rendering alone, nine tenths of a gift's cost."""

    gifts: int
    renders: int
    dollars: Decimal
    minutes: int
    mails: int
    mails_a_day: int
    mails_left_today: int
    days: int


def estimate(campaign: Campaign, gifts: int, *, now: datetime) -> Estimate:
    account = campaign.account
    mails = gifts * MAILS_A_GIFT if campaign.livemode else 0
    left = max(0, account.mails_per_day - mails_sent_today(account.pk, now=now))
    over = max(0, mails - left)
    renders = math.ceil(gifts * RENDERS_A_GIFT)
    minutes_of_film = Decimal(renders * campaign.template.duration_s) / 60
    return Estimate(
        gifts=gifts,
        renders=renders,
        dollars=(minutes_of_film * DOLLARS_A_MINUTE).quantize(Decimal("0.01"))
        if campaign.livemode
        else Decimal("0.00"),
        minutes=math.ceil(gifts / AT_ONCE) * MINUTES_A_ROUND,
        mails=mails,
        mails_a_day=account.mails_per_day,
        mails_left_today=left,
        days=1 + (math.ceil(over / account.mails_per_day) if account.mails_per_day else 0),
    )
