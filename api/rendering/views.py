"""The renderer's callbacks: kept and queued, so that the answer is fast."""

import hmac
from uuid import UUID

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.exceptions import NotFoundError
from api.rendering.models import Render
from api.rendering.services import record_callback


class RendererCallbackView(APIView):
    """The secret in the path says it comes from where we sent it; what it says is looked into by a job."""

    authentication_classes = ()
    permission_classes = ()

    def post(self, request: Request, render_id: UUID, secret: str) -> Response:
        render = Render.objects.filter(pk=render_id).first()
        if render is None or not hmac.compare_digest(render.secret.encode(), secret.encode()):
            raise NotFoundError("There is nothing at this path.")
        record_callback(render, dict(request.data), now=timezone.now())
        return Response(status=204)
