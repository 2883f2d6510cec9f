"""What an account has used."""

from datetime import datetime
from uuid import UUID

from api.delivery.models import Message
from api.gifts.selectors import gifts_for
from api.rendering.models import Render
from api.rendering.states import RenderStatus


def usage_since(since: datetime, account_id: UUID, *, livemode: bool) -> dict[str, int]:
    gifts = gifts_for(account_id, livemode=livemode)
    return {
        "gifts": gifts.filter(created_at__gte=since).count(),
        "renders": Render.objects.filter(gift__in=gifts, status=RenderStatus.SUCCEEDED, finished_at__gte=since).count(),
        "mails": Message.objects.filter(
            account_id=account_id, livemode=livemode, accepted_at__gte=since, created_at__gte=since
        ).count(),
    }
