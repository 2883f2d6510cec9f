"""What the request bodies' fields mean, and how our own field classes look in JSON Schema."""

from typing import Any

from django.core.validators import RegexValidator, URLValidator
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from rest_framework import serializers

from api.gifts.serializers import GiftIn, ProductIn
from api.media.accepted import LARGEST
from api.openapi.shapes import Schema, flag, pairs, text, uuid, whole
from api.viewing.serializers import PERCENTS

NO_NUL = r"^[^\u0000]*$"
ONE_LINE = r"^[^\u0000\r\n]*$"


class GiftInput(GiftIn):
    """A create's body."""


class GiftChanges(GiftIn):
    """A PATCH's body; a `sender` or `recipient` may have only what changes in it."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        for field in fields.values():
            if isinstance(field, serializers.Serializer) and not isinstance(field, ProductIn):
                field.partial = True
        return fields


WORDS: dict[str, dict[str, str | Schema]] = {
    "Gift": {
        "template": "A published template's slug.",
        "occasion": "A word such as `birthday`; the template's own if left out.",
        "message": "In the film and on the page.",
        "fields": "The template's own fields, by name; null or blank takes the field's default.",
        "media": "Ids of completed uploads, in the order of the film.",
        "order": "Given at all, the gift waits until its order is paid, unless `required` is false.",
        "approval": "Given at all, the gift waits for `/approve`, unless `required` is false.",
        "deliver_at": "RFC 3339. With an offset an instant; without one the wall time in `timezone`. At most 60 days "
        "ahead; null: as soon as it may.",
        "delivery": "`email`: we mail the recipient. `link`: the sender gets the link and passes it on.",
        "timezone": "An IANA name such as `Australia/Sydney`; needed for a wall time.",
        "metadata": "Up to 20 pairs of yours, which come back as they are.",
    },
    "RecipientIn": {"email": "May be left out where `delivery` is `link`."},
    "PriceIn": {"amount": "A decimal number as text.", "currency": "An ISO 4217 code."},
    "OrderIn": {"required": "An account may demand this of every gift.", "reference": "Your own number of the order."},
    "OrderUpdateIn": {"reference": "Your own number of the order; the one it has if left out."},
    "NewUploadSerializer": {
        "filename": "Of a path the last name counts.",
        "size": {"description": "In bytes; how many at most depends on the type.", "maximum": max(LARGEST.values())},
    },
    "ReceiptSerializer": {"etag": "What the storage answered to the part's PUT, with or without its quotes."},
    "CompletionSerializer": {"parts": "Every part, once."},
}
WORDS["EndpointIn"] = {
    "url": "An https address that the whole world can reach.",
    "types": {"description": "What it wants to hear of.", "minItems": 1},
    "enabled": "false: nothing is sent.",
}
WORDS["GiftInput"] = WORDS["GiftChanges"] = WORDS.pop("Gift")


class _Text(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = "api.serializers.TextField"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Schema:  # noqa: ARG002
        return _line(self.target, NO_NUL)


class _Line(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = "api.serializers.LineField"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Schema:  # noqa: ARG002
        return _line(self.target, ONE_LINE)


class _Email(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = "api.serializers.EmailField"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Schema:  # noqa: ARG002
        return text(format="email")


class _WebAddress(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = "api.serializers.WebAddressField"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Schema:  # noqa: ARG002
        return text("A full http or https address without a password in it.", format="uri")


class _Flag(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = "api.serializers.FlagField"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Schema:  # noqa: ARG002
        return flag()


class _Id(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = "api.serializers.IdField"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Schema:  # noqa: ARG002
        return uuid()


class _Percent(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = "api.viewing.serializers.PercentField"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Schema:  # noqa: ARG002
        return whole(enum=list(PERCENTS))


class _Metadata(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = "api.gifts.serializers.MetadataField"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Schema:  # noqa: ARG002
        names = text(minLength=1, maxLength=40, pattern=NO_NUL)
        return {**pairs(text(maxLength=500, pattern=NO_NUL)), "maxProperties": 20, "propertyNames": names}


class _Pairs(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = "rest_framework.fields.DictField"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Schema:  # noqa: ARG002
        return pairs({"type": ["string", "null"], "pattern": ONE_LINE})


def _line(field: Any, pattern: str) -> Schema:
    """A validator's own pattern says more than ours."""
    has_own = any(
        isinstance(validator, RegexValidator) and not isinstance(validator, URLValidator)
        for validator in field.validators
    )
    limits: dict[str, Any] = {} if field.allow_blank else {"minLength": 1}
    return text(**limits) if has_own else text(pattern=pattern, **limits)
