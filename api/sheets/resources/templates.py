"""Templates as rows, by slug: their words and scripts.

Music and pictures are uploaded on a template's own page, where it is also published, once somebody has seen its film.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from import_export.fields import Field  # noqa: TID253 - only what reads rows imports this

from api.exceptions import InvalidFieldsError
from api.sheets.resources.base import (
    Cells,
    ChoiceWidget,
    ScriptWidget,
    SheetResource,
    TextWidget,
    WholeNumberWidget,
)
from api.templates import services
from api.templates.definition import validate_definition
from api.templates.models import AspectRatio, Template

SCRIPTS = ("fields", "theme", "scenes")


class TemplateResource(SheetResource):
    slug = Field("slug", "slug", TextWidget())
    name = Field("name", "name", TextWidget())
    occasion = Field("occasion", "occasion", TextWidget())
    description = Field("description", "description", TextWidget())
    aspect_ratio = Field("aspect_ratio", "aspect_ratio", ChoiceWidget(AspectRatio.values))
    duration_s = Field("duration_s", "duration_s", WholeNumberWidget())
    merge_fields = Field("fields", "fields", ScriptWidget())
    theme = Field("theme", "theme", ScriptWidget())
    scenes = Field("scenes", "scenes", ScriptWidget())

    class Meta(SheetResource.Meta):
        model = Template
        fields = (
            "slug",
            "name",
            "occasion",
            "description",
            "aspect_ratio",
            "duration_s",
            "merge_fields",
            "theme",
            "scenes",
        )

    def find(self, row: Cells) -> Template | None:
        templates = Template.objects.all() if self.is_dry else Template.objects.select_for_update(no_key=True)
        return templates.filter(slug=row.get("slug", "")).first()

    def fields_to_clean(self) -> Sequence[str]:
        """The scripts have a judge of their own."""
        return [name for name in super().fields_to_clean() if name not in SCRIPTS]

    def judge(self, instance: Template, row: Cells) -> Mapping[str, str]:  # noqa: ARG002
        found: dict[str, str] = {}
        try:
            validate_definition({name: getattr(instance, name) for name in SCRIPTS})
        except InvalidFieldsError as refusal:
            for error in refusal.errors:
                column, _, path = error.field.partition(".")
                words = f"{path}: {error.detail}" if path else error.detail
                found[column] = f"{found[column]} {words}" if column in found else words
        return found

    def write(self, instance: Template, *, is_new: bool, changed: Sequence[str], row: Cells) -> Template:  # noqa: ARG002
        assert self.now is not None  # noqa: S101 - `take_in` set it
        names = [field.attribute for field in self.get_import_fields()] if is_new else changed
        values: dict[str, Any] = {name: getattr(instance, name) for name in names}
        if is_new:
            return services.make_template(values, actor=self.actor, now=self.now)
        return services.change_template(instance.pk, values, actor=self.actor, now=self.now)
