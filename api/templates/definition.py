"""What may stand in a template's fields, theme and scenes, so that every film can be built from it."""

import re
from collections.abc import Callable, Iterator, Mapping
from math import isfinite
from typing import Any

from api.exceptions import FieldError, InvalidFieldsError
from api.rendering.theme import FONTS
from api.rendering.wording import PLACEHOLDER

# Says what is wrong with a value; None if nothing is.
Rule = Callable[[Any], str | None]

COLOR = re.compile(r"#[0-9A-Fa-f]{6}")
FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")
ALWAYS_KNOWN = frozenset({"sender", "recipient"})
MAX_FIELDS = 20


def validate_definition(template: Mapping[str, Any]) -> None:
    """Raise InvalidFieldsError, each error's field a path such as `scenes.0.seconds`, unless films can be built.

    Looks at the values as they are stored, so a number that is written as text is an error too.
    """
    fields, theme, scenes = template.get("fields"), template.get("theme"), template.get("scenes")
    errors = [*_field_list_errors(fields), *_object_errors("theme", theme, THEME), *_scene_list_errors(scenes)]
    if not errors:
        errors = list(_placeholder_errors(fields or [], scenes or []))
    if errors:
        raise InvalidFieldsError(errors)


def _text(longest: int, *, may_be_empty: bool = False) -> Rule:
    def problem(value: Any) -> str | None:
        if not isinstance(value, str) or "\x00" in value:
            return "Must be text."
        if not value.strip() and not may_be_empty:
            return "Must not be empty."
        return f"At most {longest} characters." if len(value) > longest else None

    return problem


def _number(low: float, high: float) -> Rule:
    def problem(value: Any) -> str | None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            return "Must be a number."
        return None if low <= value <= high else f"Must be from {low:g} to {high:g}."

    return problem


def _whole(low: int, high: int) -> Rule:
    in_range = _number(low, high)
    return lambda value: in_range(value) or (None if isinstance(value, int) else "Must be a whole number.")


def _one_of(*choices: str) -> Rule:
    listed = ", ".join(choices)
    return lambda value: None if isinstance(value, str) and value in choices else f"Must be one of: {listed}."


def _color(value: Any) -> str | None:
    is_color = isinstance(value, str) and COLOR.fullmatch(value)
    return None if is_color else "Must be a colour such as #4A1D5F."


def _flag(value: Any) -> str | None:
    return None if isinstance(value, bool) else "Must be true or false."


def _field_name(value: Any) -> str | None:
    if not isinstance(value, str) or not FIELD_NAME.fullmatch(value):
        return "Must be small letters, digits and underscores, a letter first."
    return "Every film knows this name already." if value in ALWAYS_KNOWN else None


FIELD: dict[str, Rule] = {
    "name": _field_name,
    "label": _text(60),
    "required": _flag,
    "max_length": _whole(1, 200),
    "default": _text(200, may_be_empty=True),
}

THEME: dict[str, Rule] = {
    "background": _color,
    "ink": _color,
    "accent": _color,
    "accent_ink": _color,
    "panel": _color,
    "panel_ink": _color,
    "panel_opacity": _number(0, 1),
    "heading_font": _one_of(*FONTS),
    "heading_weight": _whole(100, 900),
    "body_font": _one_of(*FONTS),
    "music_loop_s": _number(5, 600),
    "music_volume": _number(0, 1),
}

_CARD: dict[str, Rule] = {
    "eyebrow": _text(80, may_be_empty=True),
    "headline": _text(120),
    "byline": _text(120, may_be_empty=True),
    "seconds": _number(2, 15),
}
SCENES: dict[str, dict[str, Rule]] = {
    "title": _CARD,
    "media": {"photo_seconds": _number(2, 15), "clip_seconds": _number(2, 90), "voice": _text(120)},
    "message": {"otherwise": _text(120)},
    "product": {"label": _text(60), "seconds": _number(2, 15)},
    "closing": _CARD,
}
OPTIONAL_SCENES = frozenset({"product"})


def _field_list_errors(fields: Any) -> Iterator[FieldError]:
    if not isinstance(fields, list) or len(fields) > MAX_FIELDS:
        yield FieldError("fields", "invalid", f"Must be a list of at most {MAX_FIELDS} fields.")
        return
    names: set[str] = set()
    for number, field in enumerate(fields):
        problems = list(_object_errors(f"fields.{number}", field, FIELD))
        yield from problems
        if not problems and field["name"] in names:
            yield FieldError(f"fields.{number}.name", "unique", "Another field has this name.")
        elif not problems:
            names.add(field["name"])


def _scene_list_errors(scenes: Any) -> Iterator[FieldError]:
    if not isinstance(scenes, list):
        yield FieldError("scenes", "invalid", "Must be a list of scenes.")
        return
    kinds = [scene.get("kind") if isinstance(scene, Mapping) else None for scene in scenes]
    for number, (kind, scene) in enumerate(zip(kinds, scenes, strict=True)):
        if not isinstance(kind, str) or kind not in SCENES:
            listed = ", ".join(SCENES)
            yield FieldError(f"scenes.{number}.kind", "invalid", f"Must be one of: {listed}.")
        elif kind in kinds[:number]:
            yield FieldError(f"scenes.{number}.kind", "unique", "There is such a scene already.")
        else:
            yield from _object_errors(f"scenes.{number}", scene, {"kind": _text(20), **SCENES[kind]})
    for kind in SCENES:
        if kind not in kinds and kind not in OPTIONAL_SCENES:
            yield FieldError("scenes", "required", f"A scene of the kind {kind} is missing.")


def _object_errors(path: str, value: Any, rules: Mapping[str, Rule]) -> Iterator[FieldError]:
    if not isinstance(value, Mapping):
        yield FieldError(path, "invalid", "Must be an object.")
        return
    for name in value:
        if name not in rules:
            yield FieldError(f"{path}.{name}", "unknown_field", "This is not known here.")
    for name, rule in rules.items():
        if name not in value:
            yield FieldError(f"{path}.{name}", "required", "This is missing.")
        elif problem := rule(value[name]):
            yield FieldError(f"{path}.{name}", "invalid", problem)


def _placeholder_errors(fields: list[dict[str, Any]], scenes: list[dict[str, Any]]) -> Iterator[FieldError]:
    """`{name}` must be a name that is filled in; a field's default may use those of the gift itself only."""
    known = ALWAYS_KNOWN | {field["name"] for field in fields}
    for number, field in enumerate(fields):
        yield from _unknown_names(f"fields.{number}.default", field["default"], ALWAYS_KNOWN)
    for number, scene in enumerate(scenes):
        for name, value in scene.items():
            if isinstance(value, str):
                yield from _unknown_names(f"scenes.{number}.{name}", value, known)


def _unknown_names(path: str, text: str, known: frozenset[str]) -> Iterator[FieldError]:
    for name in PLACEHOLDER.findall(text):
        if name not in known:
            yield FieldError(path, "unknown_field", f"Nothing fills in {{{name}}}.")
