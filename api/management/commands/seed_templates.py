"""`manage.py seed_templates`: brings the templates that Giftflick comes with into the database."""

import json
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from api.templates.services import seed_templates


class Command(BaseCommand):
    help = "Creates or updates the templates in api/templates/definitions; prints what it did as one JSON line."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        self.stdout.write(json.dumps({"templates": seed_templates(now=timezone.now())}))
