"""A statement's `:parameters`: found outside of strings, names and comments, and numbered as PostgreSQL wants them.

Nothing here judges a statement. A value never gets into its text: it travels beside it, with its type.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from uuid import UUID

from api.audit.redaction import without_secrets
from api.console.driver import Value
from api.console.states import OIDS, ParameterType
from api.exceptions import FieldError, InvalidFieldsError

LONGEST = 50_000
LONGEST_VALUE = 1_000
MOST_PARAMETERS = 30
TRUE, FALSE = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})

SKIPPED = re.compile(
    r"""
    (?<![\w$])[eE]'(?:[^'\\]|\\.|'')*(?:'|\Z)       # E'…' with its backslashes
    | '(?:[^']|'')*(?:'|\Z)
    | "(?:[^"]|"")*(?:"|\Z)
    | --[^\n]*
    | (?<![\w$])\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z)
    | /\*
    | ::
    """,
    re.VERBOSE | re.DOTALL,
)
PARAMETER = re.compile(r"(?<![\w\]):]):([^\W\d]\w*)")
DECLARED = re.compile(
    rf"^-- (?P<name>\w+): (?P<type>{'|'.join(ParameterType.values)})(?: = ?(?P<default>[^,\n]*))?(?:, (?P<label>.*))?$",
    re.MULTILINE,
)
ADDRESS = re.compile(r"(?<![^\s@])[^\s@]+@[^\s@]+")  # one that somebody forgot to quote
BLANK = "'…'"
WORD = re.compile(r"[^\s'\"]+")
COMMENT = re.compile(r"/\*|\*/")
BY_ENDING = {
    "_id": ParameterType.UUID,
    "_at": ParameterType.MOMENT,
    "_on": ParameterType.DATE,
    "_date": ParameterType.DATE,
    "_days": ParameterType.NUMBER,
    "_count": ParameterType.NUMBER,
}
BY_NAME = {
    "id": ParameterType.UUID,
    "day": ParameterType.DATE,
    "date": ParameterType.DATE,
    "since": ParameterType.DATE,
    "until": ParameterType.DATE,
    "days": ParameterType.NUMBER,
    "limit": ParameterType.NUMBER,
    "count": ParameterType.NUMBER,
}


@dataclass(frozen=True)
class Statement:
    """`text` has `$1` where the source had the first of `names`."""

    source: str
    text: str
    names: tuple[str, ...]
    _moved: tuple[tuple[int, int], ...] = field(default=())  # from here in `text`, it is there in `source`

    def place(self, position: int) -> int:
        """Where in the source a character of `text` comes from; both are counted from 0."""
        here, there = next((pair for pair in reversed(self._moved) if pair[0] <= position), (0, 0))
        return min(there + position - here, len(self.source))


@dataclass(frozen=True)
class Parameter:
    name: str
    type: ParameterType
    label: str
    default: str = ""


def read_statement(source: str) -> Statement:
    """Number its parameters, up to the first that is too many. Any text will do: what is no SQL, PostgreSQL says."""
    numbers: dict[str, int] = {}
    parts: list[str] = []
    moved = [(0, 0)]
    length = end = 0
    for match in _parameters(source):
        if len(numbers) > MOST_PARAMETERS:
            break
        mark = f"${numbers.setdefault(match[1], len(numbers) + 1)}"
        parts += [source[end : match.start()], mark]
        length += match.start() - end
        moved.append((length, match.start()))
        length += len(mark)
        moved.append((length, match.end()))
        end = match.end()
    parts.append(source[end:])
    return Statement(source, "".join(parts), tuple(numbers), tuple(moved))


def _parameters(source: str) -> Iterator[re.Match[str]]:
    position = 0
    for start, stop in _skipped(source):
        yield from PARAMETER.finditer(source, position, start)
        position = stop
    yield from PARAMETER.finditer(source, position)


def _skipped(source: str) -> Iterator[tuple[int, int]]:
    """Where texts, quoted names, comments and casts begin and end."""
    position = 0
    while found := SKIPPED.search(source, position):
        position = _end_of_comment(source, found.end()) if found[0] == "/*" else found.end()
        yield found.start(), position


def in_a_line(statement: str) -> str:
    """As much of it as names it."""
    line = " ".join(statement.split())
    return line if len(line) <= 100 else f"{line[:99]}…"


def without_texts(source: str) -> str:
    """What was asked, without whom it was asked about: texts, quoted names and comments are left blank."""
    parts, position = [], 0
    for start, stop in _skipped(source):
        parts += [source[position:start], BLANK if source[start:stop] != "::" else "::"]
        position = stop
    return ADDRESS.sub(BLANK, "".join([*parts, source[position:]]))


def without_keys(source: str) -> str:
    """As it may be kept: what looks like a key, a token or a signed address is hidden, word by word."""
    return WORD.sub(lambda match: str(without_secrets(match[0])), source)


def _end_of_comment(source: str, position: int) -> int:
    """PostgreSQL's comments nest."""
    depth = 1
    for match in COMMENT.finditer(source, position):
        depth += 1 if match[0] == "/*" else -1
        if depth == 0:
            return match.end()
    return len(source)


def parameters_of(statement: Statement) -> list[Parameter]:
    """What the form asks for, in the statement's order: as a comment declares it, else as the name suggests.

    Such a comment is a line of its own: `-- days: number = 30, Days back`.
    """
    declared = {match["name"]: match for match in DECLARED.finditer(statement.source)}
    return [
        _declared(declared[name]) if name in declared else Parameter(name, guessed_type(name), _label(name))
        for name in statement.names[:MOST_PARAMETERS]
    ]


def _declared(match: re.Match[str]) -> Parameter:
    label = (match["label"] or "").strip() or _label(match["name"])
    return Parameter(match["name"], ParameterType(match["type"]), label, (match["default"] or "").strip())


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


def guessed_type(name: str) -> ParameterType:
    ending = next((kind for end, kind in BY_ENDING.items() if name.endswith(end)), ParameterType.TEXT)
    return BY_NAME.get(name, ending)


def read_values(parameters: list[Parameter], given: Mapping[str, str]) -> list[Value]:
    """As they travel to PostgreSQL; an empty one that is no text is NULL. Raises InvalidFieldsError by their names."""
    values, errors = [], []
    for parameter in parameters:
        text = given.get(parameter.name, "").strip()
        try:
            values.append(Value(_read(parameter.type, text), OIDS[parameter.type]))
        except ValueError as error:
            errors.append(FieldError(parameter.name, "invalid", f"{parameter.label}: {error}"))
    if errors:
        raise InvalidFieldsError(errors)
    return values


def _read(kind: ParameterType, text: str) -> str | None:
    if "\0" in text or len(text) > LONGEST_VALUE:
        raise ValueError(f"at most {LONGEST_VALUE:,} characters, and no NUL among them")
    if not text:
        return "" if kind == ParameterType.TEXT else None
    try:
        return _READERS[kind](text)
    except (ValueError, InvalidOperation):
        raise ValueError(_WANTED[kind]) from None


def _flag(text: str) -> str:
    word = text.lower()
    if word in TRUE | FALSE:
        return "true" if word in TRUE else "false"
    raise ValueError


def _number(text: str) -> str:
    number = int(text)
    if abs(number) >= 2**63:
        raise ValueError
    return str(number)


_READERS: dict[ParameterType, Callable[[str], str]] = {
    ParameterType.TEXT: str,
    ParameterType.NUMBER: _number,
    ParameterType.DECIMAL: lambda text: str(Decimal(text)),
    ParameterType.DATE: lambda text: date.fromisoformat(text).isoformat(),
    ParameterType.MOMENT: lambda text: datetime.fromisoformat(text).isoformat(),
    ParameterType.UUID: lambda text: str(UUID(text)),
    ParameterType.FLAG: _flag,
}
_WANTED = {
    ParameterType.TEXT: "a text",
    ParameterType.NUMBER: "a whole number, such as 30",
    ParameterType.DECIMAL: "a number, such as 12.5",
    ParameterType.DATE: "a date, such as 2026-12-24",
    ParameterType.MOMENT: "a date and time, such as 2026-12-24T18:00",
    ParameterType.UUID: "an id, such as 0193f000-0000-7000-8000-000000000000",
    ParameterType.FLAG: "yes or no",
}
