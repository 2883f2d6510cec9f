"""What a mail looks like: `/admin/mails/{id}/preview/`."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from api.delivery.content import compose_mail
from api.delivery.models import Message
from giftflick.admin_pages import page, show
from giftflick.admin_parts import badge

HIDDEN = "hidden"


@page("mails/<uuid:pk>/preview/", name="mail_preview", permission="api.view_message")
def preview(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Composed anew, from the gift as it is now. The link that opens the gift is for those who may operate it."""
    message = Message.objects.select_related("gift", "account", "thanks", "endpoint").filter(pk=pk).first()
    if message is None:
        raise Http404("There is no mail with this id.")
    mail = compose_mail(message, now=timezone.now())
    token = message.gift.token if message.gift and not request.user.has_perm("api.operate_gift") else ""
    return show(
        request,
        "admin/delivery_preview.html",
        "Preview of a mail",
        message=message,
        opts=Message._meta,  # noqa: SLF001 - documented
        original=message,
        mail=mail,
        state=badge(message.status, explained=message.get_status_display()),
        html=_without(token, mail.html),
        text=_without(token, mail.text),
        is_hidden=bool(token),
    )


def _without(token: str, content: str) -> str:
    return content.replace(token, HIDDEN) if token else content
