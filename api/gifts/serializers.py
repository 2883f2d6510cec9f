"""A gift's JSON, in and out."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.validators import RegexValidator
from rest_framework import serializers

from api.gifts.models import Gift, GiftEvent
from api.gifts.states import ENDED, OPENABLE, Delivery, OrderStatus
from api.media.links import link_to
from api.rendering.models import Render
from api.serializers import (
    EmailField,
    FlagField,
    IdField,
    LineField,
    StrictSerializer,
    TextField,
    WebAddressField,
    WholeSerializer,
    instant,
)

VIDEO_URL_LIVES = timedelta(hours=1)
MAX_MEDIA = 20


class SenderIn(StrictSerializer):
    name = LineField(max_length=100)
    email = EmailField()


class RecipientIn(StrictSerializer):
    """Without an address only where the sender shares the link; `api.gifts.content` knows."""

    name = LineField(max_length=100)
    email = EmailField(required=False)


class PriceIn(WholeSerializer):
    amount = LineField(
        validators=[RegexValidator(r"^[0-9]{1,9}(\.[0-9]{1,3})?\Z", "Use a decimal number as text, such as 49.00.")]
    )
    currency = LineField(validators=[RegexValidator(r"^[A-Z]{3}\Z", "Use an ISO 4217 code, such as AUD.")])


class ProductIn(WholeSerializer):
    name = LineField(max_length=200)
    url = WebAddressField(required=False)
    image_url = WebAddressField(required=False)
    price = PriceIn(required=False)


class OrderIn(StrictSerializer):
    required = FlagField(required=False)  # type: ignore[assignment]  # the body's word, and DRF's
    reference = LineField(required=False, max_length=100)


class ApprovalIn(StrictSerializer):
    required = FlagField(required=False)  # type: ignore[assignment]  # the body's word, and DRF's


class MetadataField(serializers.DictField):
    """Up to 20 pairs of short texts that Giftflick keeps for the shop."""

    child = TextField(max_length=500, allow_blank=True)

    def to_internal_value(self, data: Any) -> dict[str, str]:
        values: dict[str, str] = super().to_internal_value(data)
        if len(values) > 20:
            raise serializers.ValidationError("At most 20 pairs.", code="max_length")
        for name in values:
            if not 0 < len(name) <= 40 or "\x00" in name:
                raise serializers.ValidationError("A name here has 1 to 40 characters.", code="invalid")
        return values


class GiftIn(StrictSerializer):
    """A create's body; `partial=True` makes it a PATCH's."""

    template = LineField(max_length=60)
    occasion = LineField(required=False, max_length=40)
    sender = SenderIn()
    recipient = RecipientIn()
    message = TextField(required=False, max_length=1000, allow_blank=True)
    fields_ = serializers.DictField(required=False)
    product = ProductIn(required=False, allow_null=True)
    media = serializers.ListField(child=IdField(), required=False, max_length=MAX_MEDIA)
    order = OrderIn(required=False)
    approval = ApprovalIn(required=False)
    delivery = serializers.ChoiceField(Delivery.choices, required=False)
    deliver_at = LineField(required=False, allow_null=True, max_length=40)
    timezone = LineField(required=False, max_length=64)
    metadata = MetadataField(required=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """The body's name `fields` is a serializer's own word, so the field is declared under another."""
        return {name.removesuffix("_"): field for name, field in super().get_fields().items()}


class OrderUpdateIn(StrictSerializer):
    reference = LineField(required=False, max_length=100, default="")
    status = serializers.ChoiceField([OrderStatus.PAID, OrderStatus.CANCELED])


class GiftOut(serializers.BaseSerializer[Gift]):
    """One instance serves a whole list; media are prefetched by `selectors.with_details`."""

    def to_representation(self, gift: Gift) -> dict[str, Any]:
        return {
            "id": str(gift.pk),
            "livemode": gift.livemode,
            "version": gift.version,
            "status": gift.status,
            "template": gift.template.slug,
            "occasion": gift.occasion,
            "sender": {"name": gift.sender_name, "email": gift.sender_email},
            "recipient": {"name": gift.recipient_name, "email": gift.recipient_email or None},
            "message": gift.message,
            "fields": gift.fields,
            "product": gift.product,
            "media": [str(place.upload_id) for place in gift.giftmedia_set.all()],
            "order": {
                "required": gift.order_required,
                "reference": gift.order_reference or None,
                "status": gift.order_status,
            },
            "approval": {"required": gift.approval_required, "approved_at": instant(gift.approved_at)},
            "delivery": gift.delivery,
            "deliver_at": instant(gift.deliver_at),
            "timezone": gift.timezone or None,
            "video": self._video(gift),
            "watch_url": watch_url(gift) if gift.status in OPENABLE else None,
            "failure": gift.failure,
            "metadata": gift.metadata,
            **{name: instant(getattr(gift, name)) for name in TIMES},
        }

    def _video(self, gift: Gift) -> dict[str, Any] | None:
        film = gift.film
        if film is None or gift.status in ENDED:
            return None
        now: datetime = self.context["now"]
        return {
            "url": link_to(film.key, now=now, lives=VIDEO_URL_LIVES),
            "poster_url": link_to(film.poster_key, now=now, lives=VIDEO_URL_LIVES) if film.poster_key else None,
            "duration_s": film.duration_s,
            "width": film.width,
            "height": film.height,
            "size_bytes": film.size_bytes,
            "expires_at": instant(now + VIDEO_URL_LIVES),
        }


TIMES = (
    "created_at",
    "updated_at",
    "submitted_at",
    "rendered_at",
    "sent_at",
    "watched_at",
    "expires_at",
    "canceled_at",
)


def watch_url(gift: Gift) -> str:
    return f"{settings.BASE_URL}/g/{gift.token}"


class EventOut(serializers.ModelSerializer[GiftEvent]):
    class Meta:
        model = GiftEvent
        fields = ["id", "type", "at", "actor", "data"]


class RenderOut(serializers.BaseSerializer[Render]):
    def to_representation(self, render: Render) -> dict[str, Any]:
        started, finished = render.submitted_at or render.created_at, render.finished_at
        return {
            "id": str(render.pk),
            "attempt": render.attempt,
            "status": render.status,
            "provider_id": render.provider_id or None,
            "seconds": round((finished - started).total_seconds(), 1) if finished else None,
            "failure": render.failure,
            "created_at": instant(render.created_at),
            "submitted_at": instant(render.submitted_at),
            "finished_at": instant(render.finished_at),
        }
