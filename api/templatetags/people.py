"""Who did something, as the admin's pages say it."""

from django import template

from api.audit import wording

register = template.Library()


@register.filter
def who(actor: str) -> str:
    """`staff:ada` is "ada"."""
    return wording.who(actor)
