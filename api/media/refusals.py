"""Why a file is refused, in words for whoever uploaded it."""


class RefusedFileError(ValueError):
    """The file is not what was declared. `code` is stable, `detail` is a sentence."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def wrong_type(detail: str) -> RefusedFileError:
    return RefusedFileError("wrong_type", detail)


def truncated(detail: str) -> RefusedFileError:
    return RefusedFileError("truncated", detail)
