"""What may be done to many gifts at once: one gift an item, by the services that do it to one."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from api.batches.models import BatchItem
from api.batches.registry import batch_kind
from api.gifts import services
from api.gifts.models import Gift
from api.gifts.states import OrderStatus

KIND = "gifts"
PAGE = "admin:api_gift_change"

Service = Callable[..., Gift]


def _pay(gift_id: UUID, *, actor: str, now: datetime) -> Gift:
    return services.set_order(gift_id, status=OrderStatus.PAID, reference="", actor=actor, now=now)


def _register(kind: str, service: Service) -> None:
    @batch_kind(f"{KIND}.{kind}", look="api.view_gift", permission="api.operate_gift", row_page=PAGE)
    def act(item: BatchItem, *, actor: str, now: datetime) -> str:
        gift = service(UUID(item.ref_id), actor=actor, now=now)
        return f"The gift is {gift.status}."


_register("render_again", services.render_again)
_register("resend", services.resend_gift)
_register("approve", services.approve_gift)
_register("mark_paid", _pay)
_register("cancel", services.cancel_gift)
