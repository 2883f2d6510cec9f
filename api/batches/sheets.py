"""Cells of a sheet that somebody will open in Excel."""

STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(text: str) -> str:
    """Text that a spreadsheet takes for text: one that it would take for a formula gets an apostrophe before it."""
    return f"'{text}" if text.startswith(STARTS_FORMULA) else text
