"""Why a file is refused as a whole, in words for whoever made it."""

from collections.abc import Sequence

from api.exceptions import ApplicationError


class SheetRefusedError(ApplicationError):
    """Nothing of the file is taken in. `problems` are whole sentences."""

    status = 422
    code = "sheet_refused"

    def __init__(self, *problems: str) -> None:
        super().__init__(" ".join(problems))
        self.problems: Sequence[str] = problems
