"""Looking a term up among everything that may be seen."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet

from accounts.finding import find_accounts, find_keys
from accounts.models import Account, ApiKey
from api.delivery.finding import find_messages
from api.delivery.models import Message
from api.gifts.finding import find_gifts
from api.gifts.models import Gift
from api.media.finding import find_uploads
from api.media.models import Upload
from api.outbox.finding import find_jobs
from api.outbox.models import Job
from api.rendering.finding import find_renders
from api.rendering.models import Render
from api.search.found import Found
from api.search.terms import Term
from api.templates.finding import find_templates
from api.templates.models import Template
from api.webhooks.finding import find_deliveries, find_endpoints
from api.webhooks.models import WebhookDelivery, WebhookEndpoint

SHOWN = 20  # of a kind


@dataclass(frozen=True)
class Kind:
    """One kind of thing that is looked for. `joined` are the foreign keys that a line about it shows."""

    model: type[Model]
    find: Callable[[Term, QuerySet[Any]], Found]
    joined: Sequence[str] = ()

    @property
    def rows(self) -> QuerySet[Any]:
        return self.model._default_manager.all()  # noqa: SLF001 - Django documents it


KINDS = (
    Kind(Gift, find_gifts, ["account"]),
    Kind(Render, find_renders),
    Kind(Message, find_messages),
    Kind(Account, find_accounts),
    Kind(ApiKey, find_keys, ["account"]),
    Kind(Upload, find_uploads, ["account"]),
    Kind(Template, find_templates),
    Kind(Job, find_jobs),
    Kind(WebhookEndpoint, find_endpoints, ["account"]),
    Kind(WebhookDelivery, find_deliveries),
)


@dataclass(frozen=True)
class Group:
    """`rows` are the first of all that were found; beside each what of it fitted."""

    kind: Kind
    rows: list[tuple[Any, str]]
    found: Found

    @property
    def total(self) -> int:
        return len(self.found.what)


def search(term: Term, models: Collection[type[Model]]) -> list[Group]:
    """Among these models only, each in its place, without those of which nothing was found."""
    groups = []
    for kind in KINDS:
        if kind.model not in models or not (found := kind.find(term, kind.rows)):
            continue
        groups.append(Group(kind, _rows(kind, found), found))
        if term.uuid in found.exact:
            break  # no two rows have the same id, of whichever kind
    return groups


def only_one_meant(groups: Sequence[Group]) -> Model | None:
    """The row that the term names, if there is exactly one such row; what merely begins with it does not count."""
    exact = [row for group in groups for row, _ in group.rows if row.pk in group.found.exact]
    hits = sum(len(group.found.exact) for group in groups)
    return exact[0] if hits == 1 and exact else None


def _rows(kind: Kind, found: Found) -> list[tuple[Any, str]]:
    keys = list(found.what)[:SHOWN]
    rows = kind.rows.select_related(*kind.joined).in_bulk(keys)
    return [(rows[key], found.what[key]) for key in keys if key in rows]
