"""Reading templates."""

from collections.abc import Mapping

from django.db.models import QuerySet

from api.templates.models import Template, TemplateStatus


def published_templates() -> QuerySet[Template]:
    return Template.objects.filter(status=TemplateStatus.PUBLISHED)


def merge_values(template: Template, given: Mapping[str, str]) -> dict[str, str]:
    """Every merge field's value: the gift's, or the field's default."""
    return {field["name"]: given.get(field["name"]) or field.get("default", "") for field in template.fields}
