"""What a gift may put into a template's merge fields."""

from typing import Any

import pytest

from api.exceptions import ApplicationError
from api.templates.models import Template
from api.templates.selectors import merge_values
from api.templates.services import validate_fields

TEMPLATE = Template(
    fields=[
        {"name": "headline", "label": "Headline", "required": False, "max_length": 10, "default": "Hello, {recipient}"},
        {"name": "reason", "label": "Reason", "required": True, "max_length": 5, "default": ""},
    ]
)


def errors_of(values: Any) -> list[tuple[str, str]]:
    with pytest.raises(ApplicationError) as raised:
        validate_fields(TEMPLATE, values)
    return [(error.field, error.code) for error in raised.value.errors]


def test_given_values_are_kept_without_blanks_around_them() -> None:
    assert validate_fields(TEMPLATE, {"headline": " Hi ", "reason": "you"}) == {"headline": "Hi", "reason": "you"}


@pytest.mark.parametrize("blank", [None, "", "   "])
def test_a_blank_value_of_an_optional_field_counts_as_absent(blank: Any) -> None:
    assert validate_fields(TEMPLATE, {"headline": blank, "reason": "you"}) == {"reason": "you"}


@pytest.mark.parametrize("values", [{}, {"reason": None}, {"reason": ""}, {"reason": " \t "}])
def test_a_required_field_must_say_something(values: dict[str, Any]) -> None:
    assert errors_of(values) == [("fields.reason", "required")]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("x" * 11, "max_length"),
        (5, "invalid"),
        (True, "invalid"),
        (["x"], "invalid"),
        ({"a": "b"}, "invalid"),
        ("a\x00b", "control_character"),
        ("a\nb", "control_character"),
        ("a\rb", "control_character"),
    ],
)
def test_a_wrong_value_is_named(value: Any, code: str) -> None:
    assert errors_of({"headline": value, "reason": "you"}) == [("fields.headline", code)]


def test_unknown_fields_are_errors_and_all_errors_come_at_once() -> None:
    assert errors_of({"headlin": "x", "headline": "x" * 11}) == [
        ("fields.headlin", "unknown_field"),
        ("fields.headline", "max_length"),
        ("fields.reason", "required"),
    ]


@pytest.mark.parametrize("values", [None, [], "x", 5])
def test_fields_of_another_type_are_refused(values: Any) -> None:
    assert errors_of(values) == [("fields", "invalid")]


def test_a_film_gets_the_defaults_of_what_was_left_out() -> None:
    assert merge_values(TEMPLATE, {"reason": "you"}) == {"headline": "Hello, {recipient}", "reason": "you"}
    assert merge_values(TEMPLATE, {"headline": "Hi"}) == {"headline": "Hi", "reason": ""}
