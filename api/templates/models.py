"""Video templates that the founders publish."""

from django.db import models
from uuid6 import uuid7

from api.templates.states import TemplateStatus

__all__ = ["AspectRatio", "Template", "TemplateStatus"]


class AspectRatio(models.TextChoices):
    LANDSCAPE = "16:9", "16:9, landscape"
    PORTRAIT = "9:16", "9:16, portrait"
    SQUARE = "1:1", "1:1, square"


class Template(models.Model):
    """A film's script: which scenes in which order, how they look, and what a gift may fill in.

    `fields` is a list of `{"name", "label", "required", "max_length", "default"}`; `theme` and `scenes` are read by
    `api.rendering.timeline`; `api.templates.definition` says what may stand in all three.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=100)
    occasion = models.CharField(max_length=40)
    description = models.TextField(blank=True)
    status = models.CharField(max_length=10, choices=TemplateStatus.choices, default=TemplateStatus.DRAFT)
    aspect_ratio = models.CharField(max_length=5, choices=AspectRatio.choices, default=AspectRatio.LANDSCAPE)
    duration_s = models.PositiveSmallIntegerField(help_text="About how long the film is, with three pictures.")
    fields = models.JSONField(default=list, blank=True, help_text="What a gift may fill in.")
    theme = models.JSONField(default=dict, help_text="Colours and fonts.")
    scenes = models.JSONField(default=list, help_text="The film's parts, in order.")
    music = models.FileField(upload_to="templates/", blank=True, help_text="Plays under the whole film.")
    backdrop = models.FileField(upload_to="templates/", blank=True, help_text="The picture behind cards and photos.")
    preview = models.FileField(
        upload_to="templates/", blank=True, help_text="A frame of the film, for the shop's list."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["slug"]
        permissions = [("publish_unseen_template", "Can publish a template whose film nobody has seen")]

    def __str__(self) -> str:
        return self.name
