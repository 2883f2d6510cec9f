"""Figures for CloudWatch, as log lines in its Embedded Metric Format; without a STAGE there are none."""

import logging
import time
from typing import TypedDict, Unpack

from django.conf import settings

log = logging.getLogger("giftflick.metrics")

NAMESPACE = "Giftflick"
SECONDS = {"QueueAge"}


class Figures(TypedDict, total=False):
    """Counts of what just happened; QueueAge and DeadJobs are what a tick found. See docs/observability.md."""

    ColdStarts: int
    Errors: int
    Timeouts: int
    QueueAge: float
    DeadJobs: int
    RendersDone: int
    RendersFailed: int
    MailsAccepted: int
    MailsFailed: int
    Ticks: int


def put(**figures: Unpack[Figures]) -> None:
    """Write one line with all of them."""
    if not settings.STAGE:
        return
    metrics = [{"Name": name, "Unit": "Seconds" if name in SECONDS else "Count"} for name in figures]
    described = {"Namespace": NAMESPACE, "Dimensions": [["Stage"]], "Metrics": metrics}
    embedded = {"Timestamp": round(time.time() * 1000), "CloudWatchMetrics": [described]}
    log.info("metrics", extra={"_aws": embedded, "Stage": settings.STAGE, **figures})
