"""Finding webhook endpoints and what was delivered to them."""

from django.db.models import Q

from api.search.found import Found, found_by, found_by_id
from api.search.terms import MANY, Term
from api.webhooks.models import WebhookDelivery, WebhookEndpoint


def find_endpoints(term: Term) -> Found:
    """Of which each shop has a few: by id, by a part of the URL, by the shop's name."""
    if term.uuid is not None:
        return found_by_id(WebhookEndpoint, term.uuid)
    if not term.is_prefix:
        return Found()
    like = WebhookEndpoint.objects.filter(Q(url__icontains=term.text) | Q(account__name__istartswith=term.text))
    keys = list(like.order_by("-pk").values_list("pk", flat=True)[:MANY])
    return Found(dict.fromkeys(keys, "URL or shop"), is_cut=len(keys) == MANY)


def find_deliveries(term: Term) -> Found:
    """By id, or by the endpoint's."""
    if term.uuid is None:
        return Found()
    of_endpoint = WebhookDelivery.objects.filter(endpoint_id=term.uuid).order_by("-pk")
    return found_by_id(WebhookDelivery, term.uuid) or found_by(
        "endpoint's id", of_endpoint.values_list("pk", flat=True)[:MANY]
    )
