"""What PostgreSQL would not have, for somebody who does not speak its language: what, where, and what to do."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from api.console.driver import STATEMENT_S, StatementError
from api.console.statements import Statement
from api.console.tables import HIDDEN_TABLES, TABLES, VIEWS

TOO_LONG = f"It took longer than {STATEMENT_S:.0f} seconds and was stopped."
WORD = re.compile(r"[a-z_][a-z0-9_]*")
EXCERPT = 120
BEFORE = 60

SMALLER = (
    "Ask about less: a shorter time, one shop, a LIMIT. Ids begin with their time, so "
    "WHERE g.id >= id_at(now() - interval '30 days') looks at a month only."
)
ONE = "Ask one thing at a time: a statement ends at its semicolon."
READS = "The console only reads. What is to be changed, its own page in the admin changes."
MISSPELT = (
    "There is something that SQL does not expect here: a comma too many, a quote that is not closed, a word amiss?"
)
BY_CODE = {
    "57014": SMALLER,
    "25006": READS,
    "42601": MISSPELT,
    "0A000": READS,
    "53300": "Others are asking, too: try again in a few seconds.",
    "57P01": "It was ended from outside.",
    "53200": "The answer needs more memory than there is: ask about less.",
    "42883": "There is no such function for values of these types: perhaps one of them needs a ::type after it.",
    "42803": "Each column of the answer is either counted or summed up, or stands in GROUP BY.",
    "42702": "More than one table has this column: write the table's name before it, as in g.id.",
    "22P02": "Look at the value: it is not of the type that it is compared with.",
    "42P18": "PostgreSQL cannot tell what type a value is: add it, as in :name::text.",
    "42804": "A value is text unless it says otherwise: write its type after it, as in :n::int.",
    "42P02": "Write parameters as :name; $1 and so on are the console's own.",
}


@dataclass(frozen=True)
class Problem:
    """`excerpt` is the line with the mistake, `mark` how many characters of it stand before; line and column from 1."""

    message: str
    hint: str = ""
    code: str = ""
    line: int = 0
    column: int = 0
    excerpt: str = ""
    mark: int = 0

    @property
    def pointer(self) -> str:
        """Goes below the excerpt."""
        return f"{' ' * self.mark}^"


def explain(error: StatementError, statement: Statement) -> Problem:
    message, hint = error.message, _hint(error, statement)
    if error.code == "57014" and "timeout" in message:
        message = TOO_LONG
    if not error.position:
        return Problem(_sentence(message), hint, error.code)
    position = statement.place(error.position - 1)
    begin = statement.source.rfind("\n", 0, position) + 1
    end = statement.source.find("\n", position)
    text = statement.source[begin : end if end >= 0 else None]
    column = position - begin
    cut = max(0, column - BEFORE)
    return Problem(
        _sentence(message),
        hint,
        error.code,
        line=statement.source.count("\n", 0, position) + 1,
        column=column + 1,
        excerpt=("…" if cut else "") + text[cut : cut + EXCERPT],
        mark=column - cut + (1 if cut else 0),
    )


def _hint(error: StatementError, statement: Statement) -> str:
    words = set(WORD.findall(statement.source.lower()))
    match error.code:
        case "42501":
            return _forbidden(error.message, words, has_star="*" in statement.source)
        case "42P01":
            return _similar(_quoted(error.message), [*TABLES, *VIEWS], "The tables that can be read are listed beside.")
        case "42703":
            columns = {column for table in words & TABLES.keys() for column in TABLES[table].readable(with_pii=True)}
            return error.hint or _similar(_quoted(error.message).rpartition(".")[2], columns, "")
        case "42601" if "multiple commands" in error.message:
            return ONE
    return BY_CODE.get(error.code, error.hint)


def _forbidden(message: str, words: set[str], *, has_star: bool) -> str:
    table = message.rpartition(" ")[2]
    if table not in TABLES:
        known = "It holds" if table in HIDDEN_TABLES else "This may hold"
        return f"{known} what is nobody's to read here." if "table" in message else READS
    listed = TABLES[table]
    hidden = [column for column in listed.hidden.split() if column in words]
    personal = [column for column in listed.personal.split() if column in words]
    if hidden:
        return f"{_and(hidden)} of {table} would open something to whoever reads it, and is not shown here."
    if personal:
        return (
            f"{_and(personal)} of {table} holds personal data, which is not shown here. "
            "Who may see it switches to “With personal data” above."
        )
    if has_star:
        return f"SELECT * asks for columns of {table} that are not shown here: name those that you want."
    return f"Some of what this asks for of {table} is not shown here; the columns that can be read are listed beside."


def _similar(name: str, known: Iterable[str], otherwise: str) -> str:
    found = get_close_matches(name, list(known), n=1, cutoff=0.6) or [one for one in known if one.endswith(f"_{name}")]
    return f"Did you mean {found[0]}?" if found else otherwise


def _quoted(message: str) -> str:
    found = re.search(r'"([^"]+)"', message) or re.search(r"column (\S+) does", message)
    return found[1] if found else ""


def _and(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _sentence(message: str) -> str:
    return f"{message[:1].upper()}{message[1:]}"
