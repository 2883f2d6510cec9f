"""Video templates for founders: the one content of the API that is edited by hand."""

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminTextareaWidget

from api.exceptions import InvalidFieldsError
from api.templates.files import keep_files
from api.templates.finding import find_templates
from api.templates.models import Template
from api.templates.scripts import read_script
from api.templates.services import (
    FILES,
    SCRIPTS,
    SLUG_TAKEN,
    change_template,
    make_template,
    validate_definition,
    values_of,
)
from giftflick.admin import NOTHING, ModelAdmin, StateFilter, moment, named, state
from giftflick.admin_door import actor_of
from giftflick.admin_search import SearchByIndex


class ScriptField(forms.JSONField):
    """JSON that people read and write: indented, and wide enough."""

    widget = UnfoldAdminTextareaWidget({"rows": 16, "class": "gf-script", "spellcheck": "false", "wrap": "off"})

    def __init__(self, **options: Any) -> None:
        """Compared with the row, not with a second copy that a column with a default has put into the page."""
        super().__init__(**{**options, "show_hidden_initial": False})

    def bound_data(self, data: Any, initial: Any) -> Any:  # noqa: ARG002
        """What was typed comes back as it was typed."""
        return data

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)

    def to_python(self, value: Any) -> Any:
        """Nothing may pass that the database cannot keep: endless nesting, halves of a character."""
        if isinstance(value, str) and value.strip():
            try:
                read_script(value)
            except ValueError as error:
                raise forms.ValidationError(str(error), code="invalid") from error
        return super().to_python(value)


class TemplateForm(forms.ModelForm):  # type: ignore[type-arg]
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
            "theme",
            "scenes",
            "music",
            "backdrop",
            "preview",
        ]
        field_classes = dict.fromkeys(SCRIPTS, ScriptField)
        error_messages = {"slug": {"unique": SLUG_TAKEN}}
        widgets = {**dict.fromkeys(SCRIPTS, ScriptField.widget), "description": UnfoldAdminTextareaWidget({"rows": 3})}

    kept: Mapping[str, str | forms.ValidationError] = {}  # the files, which are in the bucket by now

    def clean(self) -> dict[str, Any]:
        """What the film builder cannot read is refused here, not at the first gift."""
        cleaned = super().clean() or self.cleaned_data
        for name, kept in self.kept.items():
            if isinstance(kept, str) and isinstance(cleaned.get(name), UploadedFile):
                cleaned[name] = kept
            elif isinstance(kept, forms.ValidationError) and name not in self.errors:
                self.add_error(name, kept)
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
class TemplateAdmin(SearchByIndex, ModelAdmin):
    """What a template says is edited here; whether shops see it is decided by `api.previews.pages`."""

    find = staticmethod(find_templates)
    form = TemplateForm
    asks_why = True
    records_itself = True
    change_form_outer_before_template = "admin/template_about.html"
    change_form_before_template = "admin/template_form.html"
    list_display = [
        "slug", "picture", "name", "occasion", state("status"), named("aspect_ratio", "shape"),
        named("duration_s", "plays", "{}\N{NO-BREAK SPACE}s".format), moment("updated_at"),
    ]  # fmt: skip
    is_short_list = True
    ordering = ["name"]
    list_filter = [("status", StateFilter), "occasion", "aspect_ratio"]
    search_help_text = "An id, or a part of the slug or the name."
    prepopulated_fields = {"slug": ["name"]}

    @admin.display(description="picture")
    def picture(self, template: Template) -> str:
        if not template.preview:
            return NOTHING
        return format_html('<img class="gf-list-picture" src="{}" alt="" loading="lazy">', template.preview.url)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Files go to the bucket before the transaction that Django puts around a form, which locks the row."""
        may_save = self.has_change_permission(request) if object_id else self.has_add_permission(request)
        if request.method == "POST" and may_save:
            request.kept = keep_files(request.FILES)  # type: ignore[attr-defined]
        return super().changeform_view(request, object_id, form_url, extra_context)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002
        form_class = super().get_form(request, obj, change=change, **kwargs)
        form_class.kept = getattr(request, "kept", {})
        return form_class

    def get_prepopulated_fields(self, request: HttpRequest, obj: Template | None = None) -> Any:
        """Only of a new one: shops know it by its slug."""
        return super().get_prepopulated_fields(request, obj) if obj is None else {}

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any) -> Any:
        form = context["adminform"].form
        files: dict[str, Any] = {name: request.FILES[name] for name in FILES if name in request.FILES}
        chosen = [(form.fields[name].label, file.name) for name, file in files.items()]
        again = {"choose_again": chosen if form.errors else []}
        return super().render_change_form(request, {**context, **again}, *args, **options)

    def save_model(self, request: HttpRequest, obj: Template, form: Any, change: bool) -> None:  # noqa: FBT001
        values = values_of(obj, form.changed_data if change else form.fields)
        options: Any = {"actor": actor_of(request), "now": timezone.now()}
        if change:
            change_template(obj.pk, values, **options)
        else:
            obj.pk = make_template(values, **options).pk

    def has_delete_permission(self, request: HttpRequest, obj: Template | None = None) -> bool:  # noqa: ARG002
        """Gifts keep pointing at their template: retire it instead."""
        return False
