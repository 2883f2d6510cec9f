"""What somebody typed into the search box: which of our identifiers it can be, and how it is looked up by index."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import unquote
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Func, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Collate, Lower

LONGEST = 320  # an address may be that long, and nothing else that is searched is longer
MANY = 200  # what begins with a term is looked at up to here; with more of them a longer term is asked for
SHORTEST_PREFIX = 2  # with fewer letters half of everything would fit
SHORTEST_VENDOR_ID = 6

OTHER_WAYS = ("enable_seqscan", "enable_bitmapscan", "enable_sort")

WATCH_URL = re.compile(r"/g/([A-Za-z0-9_-]{32})(?![A-Za-z0-9_-])")
TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
API_KEY = re.compile(r"gf_(?:live|test)_([0-9A-Za-z]{12})(?:_|\Z)")
API_KEY_ID = re.compile(r"[0-9A-Za-z]{12}")
NUMBER = re.compile(r"[1-9][0-9]{0,17}")
# SendGrid's events add to the id of a mail where it went through: `….filterdrecv-…`, `….recvd-…`.
VENDOR_ID = re.compile(r"[A-Za-z0-9_.-]+")
VENDOR_SUFFIX = re.compile(r"\.(?:filter|recvd).*")


@dataclass(frozen=True)
class Term:
    """`text` is what may be shown again: of an API key only its id, of a watch link only its token."""

    text: str
    uuid: UUID | None = None
    number: int | None = None
    token: str = ""
    key_id: str = ""
    vendor_id: str = ""
    is_secret: bool = False  # a whole API key was given: look for nothing but its id

    @property
    def is_address(self) -> bool:
        return "@" in self.text

    @property
    def is_prefix(self) -> bool:
        """Whether it is looked for at the beginning of names, addresses and references."""
        return len(self.text) >= SHORTEST_PREFIX and not self.is_secret


class Hit(NamedTuple):
    """A row's key, its value that begins with a term, and what value that is."""

    key: Any
    value: str
    what: str


def read_term(given: str) -> Term | None:
    """None for nothing but blanks, and for what is longer than anything that we keep."""
    text = " ".join(given.replace("\x00", "").split())
    if key := API_KEY.search(text):
        return Term(text=key[1], key_id=key[1], is_secret=True)
    if link := WATCH_URL.search(unquote(text)):
        return Term(text=link[1], token=link[1])
    if not text or len(text) > LONGEST:
        return None
    return Term(
        text=text,
        uuid=_uuid(text),
        number=int(text) if NUMBER.fullmatch(text) else None,
        token=text if TOKEN.fullmatch(text) else "",
        key_id=text if API_KEY_ID.fullmatch(text) else "",
        vendor_id=_vendor_id(text),
    )


def last_word(field: str) -> Combinable:
    """What stands behind the last blank of a name: all of it, if it has none."""
    return Func(F(field), Value(r"^.*\s"), Value(""), function="regexp_replace")


def folded(field: str | Combinable) -> Combinable:
    """As the search indexes hold it: small letters, in the order of their bytes, which serves prefixes."""
    return Collate(Lower(field), "C")


def begins_with(text: str, look_ups: Mapping[str, tuple[QuerySet[Any], str | Combinable]]) -> list[Hit]:
    """Up to `MANY` rows for each look-up, whose field begins with `text`, whatever its case; in one query.

    Read in the order of the index `folded(field), -id`, so that of rows with the same value the newest come first.
    """
    parts = [
        rows.annotate(fitting=folded(field), looked_at=Value(what))
        .filter(fitting__startswith=Lower(Value(text)))
        .order_by("fitting", "-pk")
        .values_list("pk", "fitting", "looked_at")[:MANY]
        for what, (rows, field) in look_ups.items()
    ]
    first, *others = parts
    with _in_the_order_of_an_index():
        return [Hit(*row) for row in (first.union(*others, all=True) if others else first)]


def with_vendor_id(rows: QuerySet[Any], what: str, term: Term) -> list[Hit]:
    """Up to `MANY` rows whose `provider_id` begins with the term."""
    if not term.vendor_id:
        return []
    found = rows.filter(provider_id__startswith=term.vendor_id).order_by("provider_id")
    return [Hit(pk, value, what) for pk, value in found.values_list("pk", "provider_id")[:MANY]]


@contextmanager
def _in_the_order_of_an_index() -> Iterator[None]:
    """PostgreSQL knows little of prefixes, takes them for rare, and would gather all rows before it sorts them.

    What fails inside takes the settings with it.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("; ".join(f"SET LOCAL {way} = off" for way in OTHER_WAYS))
        yield
        cursor.execute("; ".join(f"SET LOCAL {way} TO DEFAULT" for way in OTHER_WAYS))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _vendor_id(text: str) -> str:
    shortened = VENDOR_SUFFIX.sub("", text)
    return shortened if len(shortened) >= SHORTEST_VENDOR_ID and VENDOR_ID.fullmatch(text) else ""
