"""Who did something and when, as the admin's pages say it."""

from datetime import datetime

from django import template

from api.audit import wording
from giftflick import admin_parts

register = template.Library()


@register.filter
def who(actor: str) -> str:
    """`staff:ada` is "ada"."""
    return wording.who(actor)


@register.filter
def when(at: datetime | None) -> str:
    return admin_parts.when(at)


@register.filter
def when_exactly(at: datetime | None) -> str:
    """To the second."""
    return admin_parts.when(at, is_exact=True)
