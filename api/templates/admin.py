"""Video templates for founders: the one content of the API that is edited by hand."""

import json
from typing import Any

from django import forms
from django.contrib import admin

from api.exceptions import InvalidFieldsError
from api.templates.models import Template
from api.templates.services import validate_definition
from giftflick.admin import ModelAdmin, StateFilter, moment, state


class ScriptField(forms.JSONField):
    """JSON that people read and write: indented, and wide enough."""

    widget = forms.Textarea(attrs={"rows": 16, "cols": 110, "style": "font-family: monospace", "spellcheck": "false"})

    def bound_data(self, data: Any, initial: Any) -> Any:  # noqa: ARG002
        """What was typed comes back as it was typed."""
        return data

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)

    def to_python(self, value: Any) -> Any:
        """Nothing may pass that the database cannot keep: endless nesting, halves of a character."""
        try:
            read = super().to_python(value)
            json.dumps(read, ensure_ascii=False).encode()
        except (RecursionError, UnicodeEncodeError) as error:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from error
        return read


class TemplateForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Template
        fields = [
            "slug",
            "name",
            "occasion",
            "description",
            "status",
            "aspect_ratio",
            "duration_s",
            "fields",
            "theme",
            "scenes",
            "music",
            "backdrop",
            "preview",
        ]
        field_classes = {"fields": ScriptField, "theme": ScriptField, "scenes": ScriptField}

    def clean(self) -> dict[str, Any]:
        """A script that the film builder cannot read is refused here, not at the first gift."""
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        try:
            validate_definition(cleaned)
        except InvalidFieldsError as refusal:
            for error in refusal.errors:
                name = error.field.partition(".")[0]
                self.add_error(name if name in self.fields else None, f"{error.field}: {error.detail}")
        return cleaned


@admin.register(Template)
class TemplateAdmin(ModelAdmin):
    form = TemplateForm
    list_display = ["slug", "name", "occasion", state("status"), "aspect_ratio", "duration_s", moment("updated_at")]
    is_short_list = True
    ordering = ["name"]
    list_filter = [("status", StateFilter), "occasion", "aspect_ratio"]
    search_fields = ["slug", "name"]

    def has_delete_permission(self, request: Any, obj: Template | None = None) -> bool:  # noqa: ARG002
        """Gifts keep pointing at their template: retire it instead."""
        return False
