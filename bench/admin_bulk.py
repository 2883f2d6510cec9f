"""A bulk action as a founder takes it: all drafts are called off, from the list to the last item of the batch."""

import re
import time
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from api.batches.models import Batch
from api.batches.services import run_slice
from api.gifts.models import Gift
from api.gifts.states import GiftStatus

DRAFTS = f"/admin/api/gift/?status__exact={GiftStatus.DRAFT}"


def bulk(client: Client) -> dict[str, float]:
    """Seconds until the list asks whether it is meant and until the batch stands, its items, how many a second."""
    chosen: dict[str, Any] = {
        "action": "cancel",
        "select_across": "1",
        "_selected_action": Gift.objects.filter(status=GiftStatus.DRAFT).latest("pk").pk,
        "index": "0",
    }
    started = time.perf_counter()
    asked = client.post(DRAFTS, chosen)
    asked_s = time.perf_counter() - started
    told = dict(re.findall(r'type="hidden" name="(count|upto|token)" value="([^"]*)"', asked.content.decode()))

    started = time.perf_counter()
    client.post(DRAFTS, {**chosen, **told, "confirmed": "yes", "reason": "bench"})
    batch = Batch.objects.get(pk=told["token"])
    begun_s = time.perf_counter() - started

    started = time.perf_counter()
    run_slice(batch.pk, now=timezone.now(), budget=timedelta(seconds=10))
    rate = batch.items.exclude(state="waiting").count() / (time.perf_counter() - started)
    return {"asked_s": asked_s, "begun_s": begun_s, "items": batch.total, "items_a_second": rate}
