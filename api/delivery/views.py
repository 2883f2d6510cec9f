"""Where SendGrid posts what became of our mails."""

from django.http import UnreadablePostError
from django.utils import timezone
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.delivery.events import MalformedFeedError, get_verifier, parse_feed
from api.delivery.services import record_events
from api.exceptions import ApplicationError, ForbiddenError

SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"
MAX_BODY = 1024 * 1024  # bytes; SendGrid posts at most 768 KB


class TooLargeError(ApplicationError):
    status = 413
    code = "too_large"


class SendGridEventsView(APIView):
    """Signed by SendGrid, not by an API key. Answers 204 once the events are stored; what follows is a job's."""

    authentication_classes = []
    permission_classes = []

    def post(self, request: Request) -> Response:
        now, body = timezone.now(), _read(request)
        signature, timestamp = request.headers.get(SIGNATURE, ""), request.headers.get(TIMESTAMP, "")
        if not get_verifier().is_genuine(body, signature=signature, timestamp=timestamp, now=now):
            raise ForbiddenError("This post is not signed by SendGrid, or its time is past.", code="bad_signature")
        try:
            reports, rubbish = parse_feed(body)
        except MalformedFeedError as error:
            raise ApplicationError(str(error), code="malformed") from error
        record_events(reports, now=now)
        request._request.log_context = {"events": len(reports), "rubbish": rubbish}  # type: ignore[attr-defined]  # noqa: SLF001
        return Response(status=status.HTTP_204_NO_CONTENT)


def _read(request: Request) -> bytes:
    """The raw body, past `DATA_UPLOAD_MAX_MEMORY_SIZE`, which is made for callers of `/v1`."""
    try:
        body: bytes = request._request.read(MAX_BODY + 1)  # noqa: SLF001
    except UnreadablePostError as error:
        raise ApplicationError("The body broke off.", code="malformed") from error
    if len(body) > MAX_BODY:
        raise TooLargeError("A post has at most 1 MB.")
    return body


sendgrid_events = SendGridEventsView.as_view()
