"""A template's life: its states and every edge between them."""

from django.db import models


class TemplateStatus(models.TextChoices):
    DRAFT = "draft", "only we see it; no gift can be made from it"
    PUBLISHED = "published", "shops see it, and gifts are made from it"
    RETIRED = "retired", "no new gifts; those that were made stay as they are"


S = TemplateStatus

EDGES: dict[TemplateStatus, frozenset[TemplateStatus]] = {
    S.DRAFT: frozenset({S.PUBLISHED, S.RETIRED}),
    S.PUBLISHED: frozenset({S.RETIRED}),
    S.RETIRED: frozenset({S.PUBLISHED}),
}
