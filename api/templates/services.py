"""Templates: what a gift may fill in, and the ones that Giftflick comes with."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction

from api.audit.services import differences, record
from api.exceptions import FieldError, InvalidFieldError, InvalidFieldsError
from api.templates.definition import validate_definition
from api.templates.models import Template, TemplateStatus

__all__ = ["change_template", "make_template", "seed_templates", "validate_definition", "validate_fields"]

DEFINITIONS = Path(__file__).with_name("definitions")
FILES = ("music", "backdrop", "preview")
LINE_BREAK = re.compile(r"[\x00\r\n]")


def validate_fields(template: Template, values: Mapping[str, Any]) -> dict[str, str]:
    """What a gift fills in, without blank values: those, and what is left out, take the field's default in the film."""
    if not isinstance(values, Mapping):
        raise InvalidFieldError("fields", "invalid", "This must be an object.")
    known = {field["name"]: field for field in template.fields}
    given = {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
    given = {name: value for name, value in given.items() if name not in known or value not in (None, "")}
    errors = [*_value_errors(given, known), *_missing_errors(given, known)]
    if errors:
        raise InvalidFieldsError(errors)
    return given


def _value_errors(given: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> Iterator[FieldError]:
    for name, value in given.items():
        path = f"fields.{name}"
        if name not in known:
            yield FieldError(path, "unknown_field", "This template has no such field.")
        elif not isinstance(value, str):
            yield FieldError(path, "invalid", "This must be text.")
        elif LINE_BREAK.search(value):
            yield FieldError(path, "control_character", "Line breaks and NUL are not allowed here.")
        elif len(value) > known[name]["max_length"]:
            yield FieldError(path, "max_length", f"At most {known[name]['max_length']} characters.")


def _missing_errors(given: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> Iterator[FieldError]:
    for name, field in known.items():
        if field["required"] and name not in given:
            yield FieldError(f"fields.{name}", "required", "This template needs it.")


def seed_templates(*, now: datetime) -> dict[str, str]:
    """Bring the templates in `definitions/` into the database: "created", "updated" or "unchanged", by slug.

    A template's status is set only when it is created, so one that was retired stays so. Files are named after what is
    in them and uploaded only if the storage does not have them; that happens before, outside any transaction.
    """
    outcomes = {}
    for path in sorted(DEFINITIONS.glob("*.json")):
        definition = json.loads(path.read_text(encoding="utf-8"))
        validate_definition(definition)
        for kind in FILES:
            definition[kind] = _stored(definition["slug"], DEFINITIONS / definition[kind])
        outcomes[definition["slug"]] = _save(definition, now=now)
    return outcomes


def make_template(values: Mapping[str, Any], *, actor: str, now: datetime) -> Template:
    """A template as a sheet describes it, without its files. Raises InvalidFieldsError unless films can be built."""
    validate_definition(values)
    try:
        with transaction.atomic():
            template = Template.objects.create(**values)
            record("template.created", actor=actor, subject=template, now=now)
    except IntegrityError:
        raise InvalidFieldError("slug", "unique", "Another template has this name.") from None
    return template


def change_template(template_id: UUID, values: Mapping[str, Any], *, actor: str, now: datetime) -> Template:
    """Set what differs. Raises InvalidFieldsError unless films can still be built."""
    with transaction.atomic():
        template = Template.objects.select_for_update(no_key=True).get(pk=template_id)
        changes = differences({name: getattr(template, name) for name in values}, values)
        for name in changes:
            setattr(template, name, values[name])
        validate_definition({name: getattr(template, name) for name in ("fields", "theme", "scenes")})
        if changes:
            template.save(update_fields=[*changes, "updated_at"])
            record("template.changed", actor=actor, subject=template, changes=changes, now=now)
    return template


def _stored(slug: str, file: Path) -> str:
    content = file.read_bytes()
    name = f"templates/{slug}-{hashlib.sha256(content).hexdigest()[:16]}{file.suffix}"
    return name if default_storage.exists(name) else default_storage.save(name, ContentFile(content))


def _save(definition: Mapping[str, Any], *, now: datetime) -> str:
    slug = definition["slug"]
    template = Template.objects.filter(slug=slug).first()
    if template is None:
        Template.objects.create(**definition, status=TemplateStatus.PUBLISHED)
        return "created"
    if all(getattr(template, name) == value for name, value in definition.items()):
        return "unchanged"
    Template.objects.filter(pk=template.pk).update(**definition, updated_at=now)
    return "updated"
