"""The API key's format."""

import pytest

from accounts import keys
from accounts.models import WEB_PAGE_SCOPES, Scope


@pytest.mark.parametrize("livemode", [True, False])
def test_a_key_is_made_as_the_contract_says(livemode: bool) -> None:
    key = keys.generate(livemode=livemode)

    prefix, mode, key_id, tail = key.split("_")
    assert (prefix, mode, len(key_id), len(tail)) == ("gf", "live" if livemode else "test", 12, 38)
    presented = keys.parse(key)
    assert presented is not None
    assert (presented.id, presented.livemode, presented.digest) == (key_id, livemode, keys.digest(key))


def test_a_known_key_has_a_known_check() -> None:
    """So that a leak scanner's rule, written once, stays true."""
    assert keys._check("gf_live_000000000000_00000000000000000000000000000000") == "2cV6pa"


@pytest.mark.parametrize("text", ["", "gf", "gf_live__", "x" * 10_000, "gf_live_ÄÄÄÄÄÄÄÄÄÄÄÄ_" + "é" * 38, "\x00"])
def test_rubbish_is_no_key(text: str) -> None:
    assert keys.parse(text) is None


def test_a_web_pages_scopes_are_the_first_four() -> None:
    assert list(Scope)[:4] == WEB_PAGE_SCOPES
