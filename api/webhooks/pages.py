"""What can be done to an endpoint that is off, and to a delivery: each asks first."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from api.webhooks import services
from api.webhooks.models import WebhookDelivery, WebhookEndpoint
from giftflick.admin_confirm import Question, ask
from giftflick.admin_pages import page

CHANGE_ENDPOINT, CHANGE_DELIVERY = "api.change_webhookendpoint", "api.change_webhookdelivery"


@page("webhooks/<uuid:pk>/enable/", name="webhook_enable", permission=CHANGE_ENDPOINT)
def enable(request: HttpRequest, pk: UUID) -> HttpResponse:
    endpoint = WebhookEndpoint.objects.select_related("account").filter(pk=pk).first()
    if endpoint is None:
        raise Http404("There is no endpoint with this id.")

    def act() -> str:
        services.update_endpoint(pk, {"enabled": True}, now=timezone.now())
        return "Switched on."

    question = Question(
        title="Switch on",
        about=f"{endpoint.url}, of {endpoint.account}",
        says=[
            "The shop's system is told of its gifts again, from now on.",
            "What happened while it was off is not told by itself: each delivery can be made again.",
        ],
        button="Switch on",
        back=reverse("admin:api_webhookendpoint_change", args=[pk]),
        row=endpoint,
    )
    return ask(request, question, lambda _answers, _version: act())


@page("webhook-deliveries/<uuid:pk>/redeliver/", name="webhook_redeliver", permission=CHANGE_DELIVERY)
def redeliver(request: HttpRequest, pk: UUID) -> HttpResponse:
    delivery = WebhookDelivery.objects.select_related("endpoint").filter(pk=pk).first()
    if delivery is None:
        raise Http404("There is no delivery with this id.")

    def act() -> str:
        services.redeliver(delivery, now=timezone.now())
        return "It is delivered again within a minute."

    question = Question(
        title="Deliver it again",
        about=f"{delivery.type} to {delivery.endpoint.url}",
        says=[
            "The same words are sent once more, with all the tries that a new delivery has.",
            "Systems that keep to the standard see by its id that they have had it before.",
        ],
        button="Deliver it again",
        back=reverse("admin:api_webhookdelivery_change", args=[pk]),
        is_reason_required=False,
        row=delivery,
    )
    return ask(request, question, lambda _answers, _version: act())
