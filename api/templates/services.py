"""Templates: what a gift may fill in, and the ones that Giftflick comes with."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models.fields.files import FieldFile
from uuid6 import uuid7

from api.audit.changes import differences, made
from api.audit.services import record
from api.exceptions import FieldError, InvalidFieldError, InvalidFieldsError, InvalidStateError, NotFoundError
from api.templates.definition import validate_definition
from api.templates.files import CHECKS, store_file
from api.templates.models import Template
from api.templates.states import EDGES, TemplateStatus

__all__ = [
    "SLUG_TAKEN",
    "change_template",
    "copy_template",
    "lock_template",
    "make_template",
    "publish_template",
    "retire_template",
    "seed_templates",
    "validate_definition",
    "validate_fields",
    "values_of",
]

DEFINITIONS = Path(__file__).with_name("definitions")
FILES = tuple(CHECKS)
SCRIPTS = ("fields", "theme", "scenes")
SLUG_TAKEN = "Another template has this slug."
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


def publish_template(
    template_id: UUID, *, seen_at: datetime | None, actor: str, now: datetime, is_unseen_fine: bool = False
) -> Template:
    """Let gifts be made from it. `seen_at` is when the newest film that somebody has seen of it was ordered: if it was
    changed since, it is refused, unless that is said to be fine.
    """
    with transaction.atomic():
        template = lock_template(template_id)
        if not is_unseen_fine and (seen_at is None or seen_at < template.updated_at):
            raise InvalidStateError("Nobody has seen a film of this version yet: make a preview of it first.")
        return _move(template, TemplateStatus.PUBLISHED, actor=actor, now=now)


def retire_template(template_id: UUID, *, actor: str, now: datetime) -> Template:
    """No new gifts are made from it; those that there are keep it, and can be rendered again."""
    with transaction.atomic():
        return _move(lock_template(template_id), TemplateStatus.RETIRED, actor=actor, now=now)


def copy_template(template_id: UUID, *, actor: str, now: datetime) -> Template:
    """A draft with the same script and the same files, under a slug of its own."""
    with transaction.atomic():
        template = lock_template(template_id)
        was = template.slug
        template.pk, template.status = None, TemplateStatus.DRAFT
        template.slug = f"{was[:50]}-{uuid4().hex[:6]}"
        template.name = f"{template.name[:92]} (copy)"
        template._state.adding = True  # noqa: SLF001 - Django documents it
        template.id = uuid7()
        template.save(force_insert=True)
        record("template.created", actor=actor, subject=template, changes={"slug": [was, template.slug]}, now=now)
        return template


def lock_template(template_id: UUID) -> Template:
    """Raises NotFoundError."""
    template = Template.objects.select_for_update(no_key=True).filter(pk=template_id).first()
    if template is None:
        raise NotFoundError("There is no template with this id.")
    return template


def _move(template: Template, target: TemplateStatus, *, actor: str, now: datetime) -> Template:
    """Does not count as a change of what was previewed."""
    source = TemplateStatus(template.status)
    if source == target:
        return template
    if target not in EDGES[source]:
        raise InvalidStateError(f"This template is {source} and cannot become {target}.")
    Template.objects.filter(pk=template.pk).update(status=target)
    template.status = target
    record(f"template.{target}", actor=actor, subject=template, changes={"status": [source, target]}, now=now)
    return template


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
            file = DEFINITIONS / definition[kind]
            definition[kind] = store_file(f"{definition['slug']}{file.suffix}", file.read_bytes())
        outcomes[definition["slug"]] = _save(definition, now=now)
    return outcomes


def make_template(values: Mapping[str, Any], *, actor: str, now: datetime) -> Template:
    """A draft, unless `values` say otherwise. Raises InvalidFieldsError unless films can be built."""
    validate_definition(values)
    with _unique_slug():
        template = Template.objects.create(**values)
        record("template.created", actor=actor, subject=template, changes=made(values), now=now)
    return template


def change_template(template_id: UUID, values: Mapping[str, Any], *, actor: str, now: datetime) -> Template:
    """Set what differs; saving what was not changed makes no new version, which nobody would have seen a film of.

    Files by their names in the storage. Raises InvalidFieldsError unless films can still be built and the slug is free.
    """
    with _unique_slug():
        template = lock_template(template_id)
        _change(template, values, actor=actor, now=now)
    template.refresh_from_db()
    return template


@contextmanager
def _unique_slug() -> Iterator[None]:
    """A transaction, as only the database sees what another is about to commit."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError:
        raise InvalidFieldError("slug", "unique", SLUG_TAKEN) from None


def values_of(template: Template, names: Iterable[str]) -> dict[str, Any]:
    """As `change_template` takes them."""
    values = {name: getattr(template, name) for name in names}
    return {name: value.name or "" if isinstance(value, FieldFile) else value for name, value in values.items()}


def _change(template: Template, values: Mapping[str, Any], *, actor: str, now: datetime) -> bool:
    """Whether anything differed."""
    validate_definition({**values_of(template, SCRIPTS), **values})
    changes = differences(values_of(template, values), values)
    if changes:
        Template.objects.filter(pk=template.pk).update(**values, updated_at=now)
        record("template.changed", actor=actor, subject=template, changes=changes, now=now)
    return bool(changes)


def _save(definition: Mapping[str, Any], *, now: datetime) -> str:
    with transaction.atomic():
        template = Template.objects.select_for_update(no_key=True).filter(slug=definition["slug"]).first()
        if template is None:
            make_template({**definition, "status": TemplateStatus.PUBLISHED}, actor="", now=now)
            return "created"
        return "updated" if _change(template, definition, actor="", now=now) else "unchanged"
