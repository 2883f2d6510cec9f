"""A template that no film could be built from is refused, field by field."""

import copy
from typing import Any

import pytest

from api.exceptions import InvalidFieldsError
from api.templates.definition import SCENES, THEME, validate_definition
from tests.rendering.films import SLUGS, definition, edit_of, film


def errors_of(template: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(InvalidFieldsError) as raised:
        validate_definition(template)
    return [(error.field, error.code) for error in raised.value.errors]


def changed(path: str, value: Any) -> dict[str, Any]:
    """The birthday template with one value replaced, which a path such as `scenes.0.seconds` names."""
    template: Any = copy.deepcopy(definition("birthday-confetti"))
    *way, last = [int(step) if step.isdecimal() else step for step in path.split(".")]
    place = template
    for step in way:
        place = place[step]
    place[last] = value
    return dict(template)


@pytest.mark.parametrize("slug", SLUGS)
def test_our_own_templates_are_valid_and_films_can_be_built(slug: str) -> None:
    validate_definition(definition(slug))

    assert edit_of(film(slug))["timeline"]["tracks"]


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("theme.ink", ["red", "#FFF", "#GGGGGG", "#ffffff ", 5, None, ["#FFFFFF"]]),
        ("theme.heading_font", ["Comic Sans", "", None, 5, {}]),
        ("theme.heading_weight", [99, 901, 400.5, "400", True, None]),
        ("theme.panel_opacity", [-0.1, 1.1, "1", True, float("nan"), float("inf")]),
        ("theme.music_loop_s", [0, -1, "30", float("nan")]),
        ("scenes.0.seconds", [0, 16, "4", True, None]),
        ("scenes.0.headline", ["", "  ", "x" * 121, 5, None, "a\x00b"]),
        ("scenes.1.photo_seconds", [0, 1000, "5"]),
        ("scenes.2.otherwise", ["", 5]),
        ("fields.0.name", ["", "Head line", "9a", "sender", "x" * 31, 5]),
        ("fields.0.label", ["", "x" * 61, None]),
        ("fields.0.required", ["false", 0, None]),
        ("fields.0.max_length", [0, 201, "40", 1.5]),
        ("fields.0.default", [None, 5, "x" * 201]),
    ],
)
def test_a_wrong_value_is_named_by_its_path(path: str, values: list[Any]) -> None:
    for value in values:
        assert errors_of(changed(path, value)) == [(path, "invalid")], value


@pytest.mark.parametrize("part", ["fields", "theme", "scenes"])
@pytest.mark.parametrize("value", [None, 5, "text", True])
def test_a_part_of_another_type_is_refused(part: str, value: Any) -> None:
    assert (part, "invalid") in errors_of({**definition("birthday-confetti"), part: value})


@pytest.mark.parametrize("name", THEME)
def test_every_value_of_a_theme_must_be_there(name: str) -> None:
    template = definition("birthday-confetti")
    del template["theme"][name]

    assert errors_of(template) == [(f"theme.{name}", "required")]


def test_what_is_not_known_is_refused_not_ignored() -> None:
    assert errors_of(changed("theme.colour", "#FFFFFF")) == [("theme.colour", "unknown_field")]
    assert errors_of(changed("scenes.0.photo", "x")) == [("scenes.0.photo", "unknown_field")]
    assert errors_of(changed("fields.0.hint", "x")) == [("fields.0.hint", "unknown_field")]


@pytest.mark.parametrize("kind", ["credits", None, 5, ["title"]])
def test_a_scene_of_another_kind_is_refused(kind: Any) -> None:
    assert errors_of(changed("scenes.3.kind", kind)) == [("scenes.3.kind", "invalid")]


@pytest.mark.parametrize("position", range(5))
def test_only_the_product_may_be_missing(position: int) -> None:
    template = definition("birthday-confetti")
    kind = template["scenes"].pop(position)["kind"]

    if kind == "product":
        validate_definition(template)
    else:
        assert errors_of(template) == [("scenes", "required")]


def test_a_scene_or_field_that_is_there_twice_is_refused() -> None:
    template = definition("birthday-confetti")
    template["scenes"].append(template["scenes"][0])
    template["fields"].append(template["fields"][0])

    assert errors_of(template) == [("fields.1.name", "unique"), ("scenes.5.kind", "unique")]


def test_a_scene_that_is_no_object_is_refused() -> None:
    template = definition("birthday-confetti")
    template["scenes"].append("closing")

    assert errors_of(template) == [("scenes.5.kind", "invalid")]


def test_a_placeholder_that_nothing_fills_in_is_refused() -> None:
    assert errors_of(changed("scenes.0.headline", "{name}, hooray")) == [("scenes.0.headline", "unknown_field")]
    assert errors_of(changed("fields.0.default", "{headline}")) == [("fields.0.default", "unknown_field")]


def test_every_kind_of_scene_is_in_one_of_our_templates() -> None:
    assert {scene["kind"] for scene in definition("birthday-confetti")["scenes"]} == set(SCENES)
