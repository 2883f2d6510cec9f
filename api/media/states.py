"""An upload's life: its states and every edge between them."""

from django.db import models


class UploadStatus(models.TextChoices):
    PENDING = "pending", "waiting for its bytes"
    READY = "ready", "complete and verified"
    REFUSED = "refused", "not what it said it was; its bytes are removed"
    EXPIRED = "expired", "never finished, or past its 90 days; its bytes are removed"
    DELETED = "deleted", "called back by its owner; the row follows its bytes"


S = UploadStatus

EDGES: dict[UploadStatus, frozenset[UploadStatus]] = {
    S.PENDING: frozenset({S.READY, S.REFUSED, S.EXPIRED, S.DELETED}),
    S.READY: frozenset({S.EXPIRED, S.DELETED}),
    S.REFUSED: frozenset({S.DELETED}),
    S.EXPIRED: frozenset({S.DELETED}),
    S.DELETED: frozenset(),
}

# Nothing of these may stay in the bucket.
OVER = frozenset({S.REFUSED, S.EXPIRED, S.DELETED})


def sources_of(target: UploadStatus) -> list[UploadStatus]:
    return [source for source, targets in EDGES.items() if target in targets]
