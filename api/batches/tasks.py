"""The batches' job."""

from datetime import datetime
from uuid import UUID

from api.batches import services
from api.batches.states import JOB
from api.outbox.registry import Postpone, handles


@handles(JOB)
def run_batch(ref_id: UUID, *, now: datetime) -> None:
    """A slice of the batch; the same job comes again for the next one, behind what became due meanwhile.

    So several batches take turns, and there is one chain of slices a batch, wherever a worker is killed.
    """
    go_on = services.run_slice(ref_id, now=now)
    if go_on is not None:
        raise Postpone(go_on, is_progress=True)
