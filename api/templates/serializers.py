"""A template as the shops see it: what to offer and what to ask for, not how its films are made."""

from rest_framework import serializers

from api.templates.models import Template


class TemplateSerializer(serializers.ModelSerializer[Template]):
    preview_url = serializers.SerializerMethodField()

    class Meta:
        model = Template
        fields = [
            "slug",
            "name",
            "occasion",
            "description",
            "aspect_ratio",
            "duration_s",
            "fields",
            "preview_url",
        ]
        read_only_fields = fields

    def get_preview_url(self, template: Template) -> str | None:
        """Signed for an hour at most (`querystring_expire` of the storage)."""
        return template.preview.url if template.preview else None
