"""Files that only their owner can read."""

from pathlib import Path


def write_private(file: Path, text: str) -> None:
    """Write the whole file or nothing, readable by nobody else at any moment."""
    unfinished = file.with_name(f"{file.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600, exist_ok=False)
    unfinished.write_text(text)
    unfinished.replace(file)
