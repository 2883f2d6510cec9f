"""The watch page and its JSON. GET changes nothing: mail scanners follow links."""

from http import HTTPStatus
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from api.exceptions import BackendError, GoneError, NotFoundError
from api.gifts.services import leave_thanks, record_progress
from api.viewing.headers import allow_content, keep_private
from api.viewing.selectors import open_gift, show_gift, thanks_left
from api.viewing.serializers import ProgressSerializer, ShowingSerializer, ThanksSerializer
from giftflick.plain_templates import PLAIN

MISSING = {
    "title": "There is no gift here yet",
    "text": "The link may have lost its last letters, or the gift is still on its way. "
    "Please open the link in your message once more, or ask whoever sent it to you.",
}
GONE = {
    "title": "This gift is no longer available",
    "text": "It could be watched for a while, and that time is over, or it was taken back by its sender.",
}
AWAY = {
    "title": "One moment, please",
    "text": "We cannot reach your gift just now. It is safe; please try again in a minute.",
}


@require_safe
def watch(request: HttpRequest, token: str) -> HttpResponse:
    """The page that a recipient opens: a film, a message, a present and room for an answer."""
    try:
        showing = show_gift(token, now=timezone.now())
    except NotFoundError:
        return _notice(request, MISSING, HTTPStatus.NOT_FOUND)
    except GoneError:
        return _notice(request, GONE, HTTPStatus.GONE)
    except (BackendError, OperationalError, InterfaceError):
        response = _notice(request, AWAY, HTTPStatus.SERVICE_UNAVAILABLE)
        response["Retry-After"] = "5"
        return response
    response = render(request, "watch.html", {"showing": showing, "token": token}, using=PLAIN)
    allow_content(response, images=showing.picture_origins, media=showing.film_origins)
    keep_private(response)
    return response


def _notice(request: HttpRequest, words: dict[str, str], status: HTTPStatus) -> HttpResponse:
    response = render(request, "error.html", words, status=status, using=PLAIN)
    allow_content(response)
    keep_private(response)
    return response


class PublicGiftViewSet(ViewSet):
    """Whoever has the link is the recipient; there is nothing else to show."""

    authentication_classes = []
    permission_classes = []
    metadata_class = None  # OPTIONS has nothing to tell

    def retrieve(self, request: Request, token: str) -> Response:  # noqa: ARG002
        return Response(ShowingSerializer(show_gift(token, now=timezone.now())).data)

    def progress(self, request: Request, token: str) -> Response:
        now = timezone.now()
        gift, _ = open_gift(token, now=now)
        body = ProgressSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        record_progress(gift.pk, percent=body.validated_data["percent"], now=now)
        return Response(status=HTTPStatus.NO_CONTENT)

    def thanks(self, request: Request, token: str) -> Response:
        now = timezone.now()
        gift, _ = open_gift(token, now=now)
        body = ThanksSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        thanks = leave_thanks(gift.pk, text=body.validated_data["message"], now=now)
        answer = {"message": thanks.message, "thanks_left": thanks_left(gift)}
        return Response(answer, status=HTTPStatus.CREATED)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        answer = super().finalize_response(request, response, *args, **kwargs)
        keep_private(answer)
        return answer
