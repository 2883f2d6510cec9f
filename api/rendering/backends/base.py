"""What every rendering service must be able to do, in our own words."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol


class Progress(StrEnum):
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class RenderOrder:
    """An edit from `api.rendering.timeline`; `livemode` decides between the service's production and its sandbox."""

    edit: dict[str, Any]
    livemode: bool


@dataclass(frozen=True)
class RenderReport:
    """Where a render is; `error` says why it failed, without URLs' query strings."""

    progress: Progress
    error: str = ""


@dataclass(frozen=True)
class Notice:
    """What a callback says. `is_copy`: it is about the film's way into our bucket, else about the render itself."""

    provider_id: str
    is_copy: bool
    progress: Progress
    error: str


class RenderBackend(Protocol):
    """Every call raises BackendError; `outcome_unknown` after a submission means that it may be rendering already."""

    def submit(self, order: RenderOrder) -> str:
        """Order a film; the service's id of the render."""

    def report(self, provider_id: str, *, livemode: bool) -> RenderReport:
        """Ask where a render is. An id that the service does not know is not retryable."""

    def parse_notice(self, payload: dict[str, Any]) -> Notice | None:
        """Read a callback, whatever is in it; None if it is none that we know. Nothing in it is verified."""
