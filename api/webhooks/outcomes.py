"""What became of one call to an endpoint."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """How a call ended; without an answer `code` is None and `error` says why."""

    ms: int
    code: int | None = None
    response: str = ""
    error: str = ""

    @property
    def is_success(self) -> bool:
        return self.code is not None and 200 <= self.code < 300
