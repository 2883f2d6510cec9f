"""`manage.py stats`: how much there is, and what is stuck."""

from datetime import datetime

from django.conf import settings

from api.stats import figures
from giftflick.commands import Json, JsonCommand, moment


class Command(JsonCommand):
    help = "Gifts by status, today's renders and mails, jobs, keys. Many gifts are estimated, jobs counted to 10,000."

    def answer(self, options: Json, *, now: datetime) -> Json:  # noqa: ARG002
        return {"at": moment(now), "release": settings.RELEASE, **figures(now=now)}
