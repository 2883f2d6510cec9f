"""Why a file is refused as a whole, in words for whoever made it."""

import re
from collections.abc import Sequence

from api.exceptions import ApplicationError

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def storable(words: str) -> str:
    """Words that may quote a file; PostgreSQL keeps no NUL."""
    return CONTROL.sub("\ufffd", words)


class SheetRefusedError(ApplicationError):
    """Nothing of the file is taken in. `problems` are whole sentences."""

    status = 422
    code = "sheet_refused"

    def __init__(self, *problems: str) -> None:
        self.problems: Sequence[str] = [storable(problem) for problem in problems]
        super().__init__(" ".join(self.problems))
