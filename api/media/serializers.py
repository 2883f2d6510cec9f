"""Uploads as JSON."""

from typing import Any

from rest_framework import serializers

from api.media.accepted import LARGEST, MB
from api.media.models import Upload
from api.serializers import LineField, StrictSerializer

MOST_PARTS_NAMED = 1000


class WholeNumberField(serializers.IntegerField):
    """A JSON number; a string or a boolean that could be read as one is an error."""

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class NewUploadSerializer(StrictSerializer):
    filename = LineField(max_length=255)
    content_type = serializers.ChoiceField(choices=sorted(LARGEST))
    size = WholeNumberField(min_value=1)

    def validate_filename(self, value: str) -> str:
        """Browsers and scripts may send a path: its last name counts."""
        name = value.replace("\\", "/").rpartition("/")[2].strip()
        if not name:
            raise serializers.ValidationError("This is not a file's name.", code="invalid")
        return name

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        largest = LARGEST[attrs["content_type"]]
        if attrs["size"] > largest:
            detail = f"A file of this type may have {largest // MB} MB ({largest} bytes)."
            raise serializers.ValidationError({"size": [serializers.ErrorDetail(detail, code="max_value")]})
        return attrs


class ReceiptSerializer(StrictSerializer):
    number = WholeNumberField()
    etag = LineField(max_length=100)


class CompletionSerializer(StrictSerializer):
    parts = serializers.ListField(child=ReceiptSerializer(), max_length=MOST_PARTS_NAMED)


class UploadSerializer(serializers.ModelSerializer[Upload]):
    class Meta:
        model = Upload
        fields = [
            "id",
            "livemode",
            "status",
            "filename",
            "content_type",
            "size",
            "failure",
            "created_at",
            "completed_at",
            "expires_at",
        ]
        read_only_fields = fields


class SignedPartSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    url = serializers.CharField()


class OpenUploadSerializer(UploadSerializer):
    """An upload that waits for its parts, with a URL for each of them; `signed` comes in the context."""

    parts = serializers.SerializerMethodField()

    class Meta(UploadSerializer.Meta):
        fields = [*UploadSerializer.Meta.fields, "part_size", "parts"]
        read_only_fields = fields

    def get_parts(self, _upload: Upload) -> list[dict[str, Any]]:
        return [{"number": part.number, "url": part.url} for part in self.context["signed"]]
