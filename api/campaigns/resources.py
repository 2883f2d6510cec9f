"""A campaign's rows as gifts: checked by the API's own serializer and rules, made by the API's own services.

Imported by whoever reads rows, never while a request to the API is served.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from import_export.fields import Field  # noqa: TID253 - see above
from rest_framework.exceptions import ValidationError as BodyError

from accounts.models import OrderGate
from api.campaigns.columns import FIELD, column_of, content_of, known_as, row_hash
from api.campaigns.models import Campaign, CampaignGift
from api.exceptions import FieldError, InvalidFieldsError, InvalidStateError, field_errors
from api.gifts import services
from api.gifts.content import GiftContent, fill
from api.gifts.models import Gift
from api.gifts.serializers import GiftIn
from api.gifts.states import OrderStatus
from api.sheets.resources.base import Cells, SheetResource, TextWidget
from api.sheets.states import RowOutcome
from api.templates.models import TemplateStatus

DIFFERS = "There is a gift of this row already, and it says otherwise. Change the gift on its own page."


class TimeWidget(TextWidget):
    """In UTC, however the row had it."""

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:  # noqa: ARG002
        return value.strftime("%Y-%m-%d %H:%M UTC") if isinstance(value, datetime) else ""


class GiftResource(SheetResource):
    recipient_name = Field("recipient_name", "recipient_name", TextWidget())
    recipient_email = Field("recipient_email", "recipient_email", TextWidget())
    sender_name = Field("sender_name", "sender_name", TextWidget())
    sender_email = Field("sender_email", "sender_email", TextWidget())
    message = Field("message", "message", TextWidget())
    order_reference = Field("order_reference", "order_reference", TextWidget())
    deliver_at = Field("deliver_at", "deliver_at", TimeWidget())
    timezone = Field("timezone", "timezone", TextWidget())

    class Meta(SheetResource.Meta):
        model = Gift
        fields = (
            "recipient_name",
            "recipient_email",
            "sender_name",
            "sender_email",
            "message",
            "order_reference",
            "deliver_at",
            "timezone",
        )

    def __init__(self, *, scope_id: UUID | None = None) -> None:
        super().__init__(scope_id=scope_id)
        self._campaign: Campaign | None = None
        self._known: dict[str, CampaignGift] | None = None
        self._content: GiftContent = {}
        self._body = GiftIn()  # one for all rows: making its fields takes longer than running them
        self._is_made = False

    @property
    def campaign(self) -> Campaign:
        """Locked while a row is taken in: calling the campaign off waits for the row, and the next row for that."""
        if self._campaign is None:
            campaigns = Campaign.objects.select_related("account", "template")
            if not self.is_dry:
                campaigns = campaigns.select_for_update(of=["self"], no_key=True)
            self._campaign = campaigns.get(pk=self.scope_id or UUID(int=0))
        return self._campaign

    def prepare(self, rows: Sequence[Cells]) -> None:
        keys = [name for row in rows for name in known_as(row.get("row_key", ""))]
        self._known = {
            made.row_key: made for made in CampaignGift.objects.filter(campaign=self.scope_id, row_key__in=keys)
        }

    def find(self, row: Cells) -> Gift | None:
        if not self.is_dry and self.campaign.canceled_at is not None:
            raise InvalidStateError("The campaign was called off.")
        key = row.get("row_key", "")
        if not key or len(key) > 100:
            raise ValidationError({"row_key": "Each row needs a key of its own, of at most 100 characters."})
        made = self._made(key)
        self._is_made = made is not None
        if made is None:
            return None
        if made.row_sha256 != row_hash(row):
            raise ValidationError(DIFFERS)
        return Gift(pk=made.gift_id)

    def _made(self, key: str) -> CampaignGift | None:
        if self.is_dry and self._known is not None:
            return next((self._known[name] for name in known_as(key) if name in self._known), None)
        return CampaignGift.objects.filter(campaign=self.scope_id, row_key__in=known_as(key)).first()

    def init_instance(self, row: Cells | None = None) -> Gift:  # noqa: ARG002
        campaign = self.campaign
        gift = Gift(account=campaign.account, livemode=campaign.livemode, template=campaign.template)
        gift.order_required = campaign.account.order_gate == OrderGate.ALWAYS
        return gift

    def import_instance(self, instance: Gift, row: Cells, **kwargs: Any) -> None:  # noqa: ARG002
        """By the serializer that reads the API's bodies, and the rules of `api.gifts.content`."""
        if self._is_made:
            return
        assert self.now is not None  # noqa: S101 - `examine` and `take_in` set it
        try:
            self._content = self._body.run_validation(content_of(self.campaign, row))
            rest: Any = {name: value for name, value in self._content.items() if name != "template"}
            if self.campaign.template.status != TemplateStatus.PUBLISHED:
                raise ValidationError("The campaign's template is not published any more.")
            fill(instance, rest, now=self.now)
        except BodyError as error:
            raise _by_column(list(field_errors(error.get_full_details(), ""))) from None
        except InvalidFieldsError as error:
            raise _by_column(error.errors) from None

    def fields_to_clean(self) -> Sequence[str]:
        """The serializer has cleaned them."""
        return []

    def skip_row(self, instance: Any, original: Any, row: Any, import_validation_errors: Any = None) -> bool:  # noqa: ARG002
        return self._is_made

    def write(self, instance: Gift, *, is_new: bool, changed: Sequence[str], row: Cells) -> Gift:  # noqa: ARG002
        assert self.now is not None  # noqa: S101 - `take_in` set it
        campaign, actor, now = self.campaign, self.actor, self.now
        gift = services.create_gift(campaign.account, self._content, livemode=campaign.livemode, actor=actor, now=now)
        CampaignGift.objects.create(
            campaign=campaign, row_key=row["row_key"], row_sha256=row_hash(row), gift_id=gift.pk
        )
        services.submit_gift(gift.pk, actor=actor, now=now)
        if campaign.is_paid and gift.order_required:
            services.set_order(gift.pk, status=OrderStatus.PAID, reference="", actor=actor, now=now)
        return gift

    def _changes(self, result: Any) -> dict[str, tuple[str, str]]:
        """With the template's own fields."""
        filled = {f"{FIELD}{name}": ("", value) for name, value in result.instance.fields.items()}
        return {**super()._changes(result), **filled}

    def done(self, subject: Any, outcome: RowOutcome) -> str:  # noqa: ARG002
        return f"gift {subject.pk}"


def _by_column(errors: Sequence[FieldError]) -> ValidationError:
    found: dict[str, list[str]] = {}
    for error in errors:
        column = column_of(error.field)
        words = error.detail if column else f"{error.field}: {error.detail}"
        found.setdefault(column, []).append(words)
    general = found.pop("", None)
    described: Mapping[str, Any] = {**found, **({"__all__": general} if general else {})}
    return ValidationError(dict(described))
