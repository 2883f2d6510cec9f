"""Which films there are of a template that nobody has ordered but us."""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from api.gifts.models import Gift
from api.templates.models import Template

# The account of our own test gifts: it has no key, so nobody calls as it.
SAMPLES = UUID("00000000-0000-7000-8000-000000000001")


def previews_of(template: Template) -> QuerySet[Gift]:
    """Newest first."""
    gifts = Gift.objects.filter(account_id=SAMPLES, livemode=False, template=template)
    return gifts.select_related("film", "render").order_by("-id")


def newest_preview(template: Template) -> Gift | None:
    return previews_of(template).first()


def is_of_this_version(preview: Gift, template: Template) -> bool:
    """Ordered after the template's last change; what it shows is read when it is rendered, so a change that comes
    while it is made makes it one of an older version too.
    """
    return preview.created_at >= template.updated_at


def filmed_at(template: Template) -> datetime | None:
    """When the newest preview was ordered that came to a film."""
    return previews_of(template).filter(film__isnull=False).values_list("created_at", flat=True).first()
