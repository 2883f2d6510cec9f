"""Other people's words made fit to keep: one short line without addresses."""

import re

# A mail server may quote an address in any way, and a word too many does no harm. Word by word, because a pattern for
# whole addresses takes quadratic time on a long word, and strangers choose the words.
WORD = re.compile(r"[^\s<>()\[\]\"',;:]+")
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")


def redact(text: str, *, limit: int = 300) -> str:
    words = WORD.sub(lambda word: "(address)" if "@" in word[0] else word[0], text)
    line = UNPRINTABLE.sub(" ", words).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"
