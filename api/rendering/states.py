"""A render's states."""

from django.db import models


class RenderStatus(models.TextChoices):
    QUEUED = "queued", "waiting to be handed to the renderer"
    SUBMITTED = "submitted", "the renderer has it"
    SUCCEEDED = "succeeded", "its film is verified"
    FAILED = "failed", "no film came of it"
    ABANDONED = "abandoned", "its gift no longer wants it"


OPEN = frozenset({RenderStatus.QUEUED, RenderStatus.SUBMITTED})
