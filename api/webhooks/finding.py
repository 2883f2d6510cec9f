"""Finding webhook endpoints and what was delivered to them."""

from django.db.models import Q, QuerySet

from api.search.found import Found, found_by, found_by_id, found_in
from api.search.terms import Term
from api.webhooks.models import WebhookDelivery, WebhookEndpoint


def find_endpoints(term: Term, rows: QuerySet[WebhookEndpoint]) -> Found:
    """Of which each shop has a few: by id, by a part of the URL, by the shop's name."""
    if term.uuid is not None:
        return found_by_id(rows, term.uuid)
    if not term.is_prefix:
        return Found()
    fits = Q(url__icontains=term.text) | Q(account__name__istartswith=term.text)
    return found_in(rows, "URL or shop", fits)


def find_deliveries(term: Term, rows: QuerySet[WebhookDelivery]) -> Found:
    """By id, or by the endpoint's."""
    if term.uuid is None:
        return Found()
    of_endpoint = rows.filter(endpoint_id=term.uuid)
    return found_by_id(rows, term.uuid) or found_by("endpoint's id", of_endpoint)
