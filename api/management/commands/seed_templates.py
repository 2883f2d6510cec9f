"""`manage.py seed_templates`: brings the templates that Giftflick comes with into the database."""

from datetime import datetime

from api.templates.services import seed_templates
from giftflick.commands import Json, JsonCommand


class Command(JsonCommand):
    help = "Creates or updates the templates in api/templates/definitions."

    def answer(self, options: Json, *, now: datetime) -> Json:  # noqa: ARG002
        return {"templates": seed_templates(now=now)}
