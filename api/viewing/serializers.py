"""The watch page's JSON, and what the page may send."""

from typing import Any

from rest_framework import serializers

from api.serializers import StrictSerializer, TextField

PERCENTS = (25, 50, 75, 100)


class PriceSerializer(serializers.Serializer[Any]):
    amount = serializers.CharField()
    currency = serializers.CharField()


class ProductSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    url = serializers.CharField()
    image_url = serializers.CharField()
    price = PriceSerializer()


class VideoSerializer(serializers.Serializer[Any]):
    url = serializers.CharField()
    poster_url = serializers.CharField()
    duration_s = serializers.FloatField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    expires_at = serializers.DateTimeField()


class ShowingSerializer(serializers.Serializer[Any]):
    """`api.viewing.selectors.Showing`, read only."""

    sender_name = serializers.CharField()
    recipient_name = serializers.CharField()
    message = serializers.CharField()
    occasion = serializers.CharField()
    product = ProductSerializer()
    video = VideoSerializer()
    expires_at = serializers.DateTimeField()
    can_thank = serializers.BooleanField()
    thanks_left = serializers.IntegerField()


class PercentField(serializers.Field[int, Any, int, Any]):
    """One of the player's four marks, as a JSON number: neither "25" nor true nor 25.0."""

    default_error_messages = {"invalid_choice": "Must be one of 25, 50, 75, 100."}

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int or data not in PERCENTS:
            self.fail("invalid_choice")
        return data

    def to_representation(self, value: int) -> int:
        return value


class ProgressSerializer(StrictSerializer):
    percent = PercentField()


class ThanksSerializer(StrictSerializer):
    message = TextField(max_length=1000)
