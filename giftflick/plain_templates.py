"""Renders mails, the recipient's page and the site: without the admin's template tags, which are slow to import.

Django imports the tags of every application before it renders anything; Unfold's bring its forms and views along.
Whoever renders for others than the founders says so: `render(…, using=PLAIN)`.
"""

from django.template.backends.django import DjangoTemplates

PLAIN = "plain"


class PlainTemplates(DjangoTemplates):
    """Has the tags that its options name, and no others."""

    def get_templatetag_libraries(self, custom_libraries: dict[str, str]) -> dict[str, str]:
        return custom_libraries
