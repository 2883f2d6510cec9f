"""What changed in a row, as `{field: [before, after]}`, told as shortly as it can be."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Changes = Mapping[str, Sequence[Any]]
Values = Mapping[str, Any]


@dataclass
class PendingEntry:
    """An entry in the making: how a locked row stood, and what was done to it since, by whom."""

    before: Values
    action: str = ""
    actor: str = ""


def differences(before: Values, after: Values) -> dict[str, list[Any]]:
    """What differs; a name that one side lacks was, or is, None there.

    Of two documents only the places that differ are told, each under its path, such as `scenes.2.text`.
    """
    names = [*before, *(name for name in after if name not in before)]
    return {path: values for name in names for path, values in _compared(name, before.get(name), after.get(name))}


def made(values: Values) -> dict[str, list[Any]]:
    """The changes of a row that was not there before; what is empty is left out."""
    return {name: [None, value] for name, value in values.items() if not _is_empty(value)}


def gone(values: Values) -> dict[str, list[Any]]:
    """The changes of a row that is no longer there."""
    return {name: [value, None] for name, value in values.items() if not _is_empty(value)}


def _compared(path: str, before: Any, after: Any) -> Iterator[tuple[str, list[Any]]]:
    if before == after:
        return
    places = _places(before, after)
    if places is None:
        yield path, [before, after]
        return
    for place, one, other in places:
        yield from _compared(f"{path}.{place}", one, other)


def _places(before: Any, after: Any) -> Iterable[tuple[Any, Any, Any]] | None:
    """The places of two documents side by side; None where they are not of one kind, or hold nothing to go into."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return [(name, before.get(name), after.get(name)) for name in {**before, **after}]
    if isinstance(before, list) and isinstance(after, list) and any(isinstance(one, dict | list) for one in before):
        longest = max(len(before), len(after))
        return zip(range(longest), _filled(before, longest), _filled(after, longest), strict=True)
    return None


def _filled(values: list[Any], length: int) -> list[Any]:
    return values + [None] * (length - len(values))


def _is_empty(value: Any) -> bool:
    return value is None or value == "" or value == [] or value == {}
