"""Reads JSON into frozen dataclasses and names the field that is wrong.

A model's field names are the snake_case of the API's camelCase; a union of models is told apart by their tag field
(`type` or `provider`), as in the vendor's own schema.
"""

import dataclasses
import math
import re
import types
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

Model = TypeVar("Model")

TAGS = ("type", "provider")


class InvalidEditError(ValueError):
    """A body that the API refuses; its text names the field by its path."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f'"{path}" {problem}')
        self.problem = problem


@dataclasses.dataclass(frozen=True)
class Range:
    low: float
    high: float

    def check(self, value: Any, path: str) -> None:
        if not self.low <= value <= self.high:
            raise InvalidEditError(path, f"must be between {self.low:g} and {self.high:g}")


@dataclasses.dataclass(frozen=True)
class Length:
    """Bounds of a string's characters or a list's items."""

    low: int
    high: int

    def check(self, value: Any, path: str) -> None:
        if not self.low <= len(value) <= self.high:
            raise InvalidEditError(path, f"must have a length between {self.low} and {self.high}")


@dataclasses.dataclass(frozen=True)
class Pattern:
    regex: str
    meaning: str

    def check(self, value: Any, path: str) -> None:
        if not re.fullmatch(self.regex, value):
            raise InvalidEditError(path, f"must be {self.meaning}")


@dataclasses.dataclass(frozen=True)
class OneOf:
    choices: frozenset[str]

    def check(self, value: Any, path: str) -> None:
        if value not in self.choices:
            raise InvalidEditError(path, f"must be one of {sorted(self.choices)}")


def read(model: type[Model], value: Any, path: str) -> Model:
    """Make a `model` of parsed JSON. Raises InvalidEditError for a missing, unknown, wrong-typed or bad field."""
    if not isinstance(value, Mapping):
        raise InvalidEditError(path, "must be an object")
    hints = get_type_hints(model, include_extras=True)
    fields = {_camel_case(field.name): field for field in dataclasses.fields(cast("Any", model))}
    for name in value:
        if name not in fields:
            raise InvalidEditError(_join(path, name), "is not allowed")
    arguments = {}
    for name, field in fields.items():
        if name in value:
            arguments[field.name] = _read_kind(hints[field.name], value[name], _join(path, name))
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise InvalidEditError(_join(path, name), "is required")
    return model(**arguments)


def _read_kind(kind: Any, value: Any, path: str) -> Any:
    origin, options = get_origin(kind), get_args(kind)
    if origin is Annotated:
        result = _read_kind(options[0], value, path)
        for constraint in options[1:]:
            constraint.check(result, path)
        return result
    if origin in (Union, types.UnionType):
        return _read_union(options, value, path)
    if origin is list:
        if not isinstance(value, list):
            raise InvalidEditError(path, "must be an array")
        return [_read_kind(options[0], item, f"{path}[{index}]") for index, item in enumerate(value)]
    if origin is Literal:
        if isinstance(value, bool) or value not in options:
            raise InvalidEditError(path, f"must be one of {list(options)}")
        return value
    if dataclasses.is_dataclass(kind):
        return read(cast("type", kind), value, path)
    return _read_scalar(kind, value, path)


def _read_union(options: tuple[Any, ...], value: Any, path: str) -> Any:
    if value is None and type(None) in options:
        return None
    if isinstance(value, Mapping):
        return read(_tagged_model(options, value, path), value, path)
    problems = []
    for option in (option for option in options if option is not type(None)):
        try:
            return _read_kind(option, value, path)
        except InvalidEditError as error:
            problems.append(error.problem)
    raise InvalidEditError(path, " or ".join(problems))


def _tagged_model(options: tuple[Any, ...], value: Mapping[str, Any], path: str) -> type:
    models = [cast("type", option) for option in options if dataclasses.is_dataclass(option)]
    if len(models) == 1:
        return models[0]
    for model in models:
        hints = get_type_hints(model)
        if any(value.get(tag) in get_args(hints[tag]) for tag in TAGS if tag in hints):
            return model
    raise InvalidEditError(path, "is of a type this renderer does not know")


def _read_scalar(kind: Any, value: Any, path: str) -> Any:
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    if kind is int and isinstance(value, int | float) and not isinstance(value, bool) and float(value).is_integer():
        return int(value)
    if kind in (str, bool) and isinstance(value, kind):
        return value
    names = {float: "a number", int: "an integer", str: "a string", bool: "a boolean"}
    raise InvalidEditError(path, f"must be {names[kind]}")


def _camel_case(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
