"""Everything that changes a batch: starting it, working it off, calling off its rest, forgetting it."""

from api.batches.services.ending import KEEP, blank_old, cancel_batch, forget_labels, forget_row, purge_old
from api.batches.services.running import run_slice
from api.batches.services.starting import LARGEST, ItemIn, start_batch

__all__ = [
    "KEEP",
    "LARGEST",
    "ItemIn",
    "blank_old",
    "cancel_batch",
    "forget_labels",
    "forget_row",
    "purge_old",
    "run_slice",
    "start_batch",
]
