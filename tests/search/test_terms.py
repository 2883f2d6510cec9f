"""What is read out of the search box, and what of it is never seen again."""

from collections.abc import Callable
from uuid import UUID

import pytest

from accounts.keys import generate, parse
from api.search.terms import LONGEST, read_term

ID = "01a20aec-c439-7c41-9a6b-dece5dc53ac7"
TOKEN = "abcdefghijklmnopqrstuvwxyz-_0123"


@pytest.mark.parametrize("given", ["", "   ", "\x00", " \x00\t\n", "x" * (LONGEST + 1), "ü" * 10_000])
def test_nothing_is_looked_for(given: str) -> None:
    assert read_term(given) is None


@pytest.mark.parametrize("given", [ID, ID.upper(), f"  {ID}\n", ID.replace("-", ""), f"{{{ID}}}"])
def test_an_id_is_read_however_it_is_written(given: str) -> None:
    term = read_term(given)

    assert term is not None
    assert term.uuid == UUID(ID)


@pytest.mark.parametrize(
    "given",
    [
        TOKEN,
        f"https://gifts.example/g/{TOKEN}",
        f"https://gifts.example/g/{TOKEN}?utm=mail",
        f"/g/{TOKEN}/",
        f"%2Fg%2F{TOKEN}",
    ],
)
def test_a_token_is_read_from_its_link(given: str) -> None:
    term = read_term(given)

    assert term is not None
    assert term.token == TOKEN


@pytest.mark.parametrize("livemode", [True, False])
@pytest.mark.parametrize(
    "spoil", [lambda key: key, lambda key: key[:-1] + "!", lambda key: key[:30], lambda key: key + " \x00"]
)
def test_of_a_whole_key_only_its_id_is_kept(livemode: bool, spoil: Callable[[str], str]) -> None:
    key = generate(livemode=livemode)
    known = parse(key)
    assert known is not None

    term = read_term(spoil(key))

    assert term is not None
    assert (term.key_id, term.text, term.is_secret, term.is_prefix) == (known.id, known.id, True, False)
    assert key[-38:] not in repr(term)


@pytest.mark.parametrize("around", ["Bearer {}", "Authorization: Bearer {}", '"{}"', "key={}", "my key is {} ok?"])
def test_a_key_is_seen_whatever_stands_around_it(around: str) -> None:
    key = generate(livemode=True)

    term = read_term(around.format(key))

    assert term is not None
    assert (term.text, term.is_secret) == (key[8:20], True)


def test_what_sendgrids_events_add_to_an_id_is_left_off() -> None:
    read = [
        read_term(f"14c5d75ce93.dfd.64b469{suffix}") for suffix in ("", ".filter0001.16648.5515E0B88.0", ".recvd-abc-1")
    ]

    assert [term.vendor_id for term in read if term] == ["14c5d75ce93.dfd.64b469"] * 3


def test_blanks_are_made_one_and_a_number_is_a_job() -> None:
    named, number = read_term("  Ana \t  Lima "), read_term("1024")

    assert named is not None
    assert number is not None
    assert (named.text, number.number) == ("Ana Lima", 1024)
