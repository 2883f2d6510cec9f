import pytest

from api.delivery.redaction import redact


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("550 5.1.1 <ben@example.com>: no such user", "550 5.1.1 <(address)>: no such user"),
        ("to:ben+1@example.com, 'o.hara@example.com'", "to:(address), '(address)'"),
        ("mailbox unavailable", "mailbox unavailable"),
        ("a\r\nb\x00c\ud800d", "a b c d"),
        ("", ""),
        ("x" * 301, "x" * 299 + "…"),
        ("x" * 295 + " ben@example.com", "x" * 295 + " (ad…"),
        ("x" * 1_000_000, "x" * 299 + "…"),
    ],
)
def test_addresses_and_line_breaks_do_not_stay(text: str, kept: str) -> None:
    assert redact(text) == kept
