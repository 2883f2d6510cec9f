"""What becomes of a batch, and of each of its items."""

from django.db import models


class BatchState(models.TextChoices):
    QUEUED = "queued", "waiting for its turn"
    RUNNING = "running", "being worked off"
    DONE = "done", "every item had its turn"
    CANCELED = "canceled", "the rest was called off"


class ItemState(models.TextChoices):
    WAITING = "waiting", "its turn has not come"
    DONE = "done"
    FAILED = "failed", "it could not be done; its words say why"
    SKIPPED = "skipped", "called off before its turn came"


JOB = "batch.run"

OPEN = frozenset({BatchState.QUEUED, BatchState.RUNNING})
