"""Fields and a serializer that refuse what a body should not have."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.core.validators import EmailValidator, URLValidator
from rest_framework import serializers
from rest_framework.settings import api_settings


class StrictSerializer(serializers.Serializer[Any]):
    """A field that the serializer does not know is an error; null for an optional field counts as absent."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return super().to_internal_value(data)
        unknown = {
            str(name): [serializers.ErrorDetail("This field is not known here.", code="unknown_field")]
            for name in data
            if name not in self.fields or self.fields[name].read_only
        }
        given = {name: value for name, value in data.items() if value is not None or not self._is_optional(name)}
        try:
            values = super().to_internal_value(given)
        except serializers.ValidationError as error:
            details = (
                error.detail if isinstance(error.detail, dict) else {api_settings.NON_FIELD_ERRORS_KEY: error.detail}
            )
            raise serializers.ValidationError({**details, **unknown}) from error
        if unknown:
            raise serializers.ValidationError(unknown)
        return values

    def _is_optional(self, name: str) -> bool:
        field = self.fields.get(name)
        return field is not None and not field.required and not field.allow_null


class NothingIn(StrictSerializer):
    """The body of an action that takes none."""


class WholeSerializer(StrictSerializer):
    """A part of a body that is given whole, also in a PATCH, in which DRF requires no field at any depth."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return super().to_internal_value(data)
        missing: dict[str, Any] = {
            name: [serializers.ErrorDetail("This field is required.", code="required")]
            for name, field in self.fields.items()
            if field.required and data.get(name) is None
        }
        if not missing:
            return super().to_internal_value(data)
        try:
            super().to_internal_value({name: value for name, value in data.items() if name not in missing})
        except serializers.ValidationError as error:
            missing |= serializers.as_serializer_error(error)
        raise serializers.ValidationError(missing)


class TextField(serializers.CharField):
    """Text as the sender wrote it, any number of lines. A number is not text."""

    default_error_messages = {"control_character": "NUL is not allowed here."}
    refused = re.compile(r"\x00")

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        if self.refused.search(data):
            self.fail("control_character")
        return super().to_internal_value(data)


class LineField(TextField):
    """One line of text: a name, an address, a reference."""

    default_error_messages = {"control_character": "Line breaks and NUL are not allowed here."}
    refused = re.compile(r"[\x00\r\n]")


class EmailField(LineField):
    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=254, **options)
        self.validators.append(EmailValidator(message="Enter a valid e-mail address."))


class WebAddressField(LineField):
    """An http or https URL without a password in it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=2000, **options)
        self.validators.append(URLValidator(schemes=["http", "https"], message="Enter a full http or https URL."))
        self.validators.append(_refuse_userinfo)


class FlagField(serializers.BooleanField):
    """true or false; neither "yes" nor 1."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class WholeNumberField(serializers.IntegerField):
    """A JSON number without a fraction; no text, no boolean."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return super().to_internal_value(data)


class IdField(serializers.UUIDField):
    """A UUID written as text."""

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


def validated(serializer: StrictSerializer) -> Any:
    """Raises ValidationError with all that is wrong."""
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


def instant(at: datetime | None) -> str | None:
    """RFC 3339 in UTC with a Z."""
    return None if at is None else at.isoformat().replace("+00:00", "Z")


def _refuse_userinfo(url: str) -> None:
    if "@" in urlsplit(url).netloc:
        raise serializers.ValidationError("A URL here holds no user name or password.", code="invalid")
