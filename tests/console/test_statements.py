"""Parameters are found where they are meant, numbered once, and never become a statement's text."""

import time
from collections.abc import Callable

import pytest

from accounts.keys import generate
from api.console.driver import Value
from api.console.statements import (
    MOST_PARAMETERS,
    guessed_type,
    parameters_of,
    read_statement,
    read_values,
    without_keys,
    without_texts,
)
from api.console.states import ParameterType
from api.exceptions import InvalidFieldsError


@pytest.mark.parametrize(
    ("source", "text", "names"),
    [
        ("SELECT :a", "SELECT $1", ("a",)),
        ("SELECT :a, :b, :a", "SELECT $1, $2, $1", ("a", "b")),
        ("SELECT now()::date, :a::text", "SELECT now()::date, $1::text", ("a",)),
        ("SELECT ':a', \":b\", :c", "SELECT ':a', \":b\", $1", ("c",)),
        ("SELECT 'it''s :a' || :b", "SELECT 'it''s :a' || $1", ("b",)),
        (r"SELECT E'\' :a' || :b", r"SELECT E'\' :a' || $1", ("b",)),
        ("SELECT 1 -- :a\n, :b", "SELECT 1 -- :a\n, $1", ("b",)),
        ("SELECT /* :a /* :b */ :c */ :d", "SELECT /* :a /* :b */ :c */ $1", ("d",)),
        ("SELECT $$ :a $$, $x$ :b $$ $x$, :c", "SELECT $$ :a $$, $x$ :b $$ $x$, $1", ("c",)),
        ("SELECT a[1:2], a[b:c], :d", "SELECT a[1:2], a[b:c], $1", ("d",)),
        ("SELECT 'half :a", "SELECT 'half :a", ()),
        ("SELECT /* half :a", "SELECT /* half :a", ()),
        ("SELECT a$b$:c$b$", "SELECT a$b$$1$b$", ("c",)),
        ("", "", ()),
        ("WHERE x=:x_id AND y=:_y", "WHERE x=$1 AND y=$2", ("x_id", "_y")),
        ("SELECT '12:30', 12:30", "SELECT '12:30', 12:30", ()),
    ],
)
def test_parameters_are_found_outside_of_texts_names_and_comments(
    source: str, text: str, names: tuple[str, ...]
) -> None:
    statement = read_statement(source)

    assert (statement.text, statement.names) == (text, names)


def test_a_place_in_the_numbered_text_is_found_again_in_the_source() -> None:
    source = "SELECT :a_long_name,\n       :b, nonsense"
    statement = read_statement(source)

    place = statement.place(statement.text.index("nonsense"))

    assert source[place:] == "nonsense"


@pytest.mark.parametrize("part", ["'',", ":a::b,", "/**/,", "$$$$,", '"",', ":n{n} "])
def test_a_long_text_is_read_as_quickly_a_character_as_a_short_one(part: str) -> None:
    def cost(times: int) -> float:
        source = "".join(part.format(n=n) for n in range(times))
        return seconds(lambda: read_statement(source))

    assert cost(8_000) < 12 * cost(2_000)  # four times the text; if each part were read to the end, 16 times the time


def test_a_long_word_costs_as_much_to_leave_texts_out_of() -> None:
    def cost(times: int) -> float:
        source = ("x" * 996 + '""') * times
        return seconds(lambda: without_texts(source))

    assert cost(40) < 12 * cost(10)


def seconds(act: Callable[[], object]) -> float:
    """The least of three times, as others use the processor, too."""
    taken = []
    for _ in range(3):
        started = time.process_time()
        act()
        taken.append(time.process_time() - started)
    return min(taken)


def test_of_too_many_parameters_no_more_are_looked_for() -> None:
    statement = read_statement(" ".join(f":n{n}" for n in range(1_000)))

    assert len(statement.names) == MOST_PARAMETERS + 1


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("SELECT 1 WHERE a = 'ana@x.example' AND b::text = E'\\'y'", "SELECT 1 WHERE a = '…' AND b::text = '…'"),
        ('WHERE a = "ana@x.example" -- for Ana\n AND c', "WHERE a = '…' '…'\n AND c"),
        ("/* Ana /* B */ */ SELECT $x$Ana$x$", "'…' SELECT '…'"),
        ("WHERE a = ana@x.example", "WHERE a = '…'"),
        ("SELECT 'Ana", "SELECT '…'"),
    ],
)
def test_texts_and_comments_can_be_left_out(source: str, left: str) -> None:
    assert without_texts(source) == left


def test_a_key_that_was_pasted_is_hidden_and_the_rest_stays() -> None:
    key = generate(livemode=True)
    long = f"SELECT {', '.join(['1'] * 10_000)}"

    assert key not in without_keys(f"SELECT 1 WHERE id = '{key}' OR id = '{key}'")
    assert without_keys(f"SELECT 1 -- {key}").startswith("SELECT 1 -- gf_live_")
    assert without_keys(long) == long


def test_a_comment_declares_a_parameter() -> None:
    [days, name, other] = parameters_of(
        read_statement(
            "-- days: number = 30, Days back\n-- name: text\nSELECT :days, :name, :other_id -- name: rubbish"
        )
    )

    assert (days.type, days.default, days.label) == (ParameterType.NUMBER, "30", "Days back")
    assert (name.type, name.default, name.label) == (ParameterType.TEXT, "", "Name")
    assert (other.type, other.label) == (ParameterType.UUID, "Other id")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("gift_id", "uuid"),
        ("id", "uuid"),
        ("since", "date"),
        ("sent_on", "date"),
        ("sent_at", "moment"),
        ("days", "number"),
        ("idle_days", "number"),
        ("reference", "text"),
    ],
)
def test_a_name_suggests_its_type(name: str, kind: str) -> None:
    assert guessed_type(name) == kind


def test_values_travel_as_texts_with_their_types() -> None:
    parameters = parameters_of(read_statement("SELECT :n_days, :day, :x_id, :word, :moved_at"))

    values = read_values(
        parameters,
        {"n_days": " 7 ", "day": "2026-12-24", "x_id": "0193F000000070008000000000000000", "word": "'; DROP TABLE x"},
    )

    assert values == [
        Value("7", 20),
        Value("2026-12-24", 1082),
        Value("0193f000-0000-7000-8000-000000000000", 2950),
        Value("'; DROP TABLE x", 25),
        Value(None, 1184),
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("days", "many"),
        ("days", "9" * 30),
        ("day", "24.12.2026"),
        ("gift_id", "x"),
        ("word", "a\0b"),
        ("word", "x" * 1001),
    ],
)
def test_a_value_that_does_not_fit_is_named_in_words(name: str, value: str) -> None:
    parameters = parameters_of(read_statement(f"SELECT :{name}"))

    with pytest.raises(InvalidFieldsError) as refused:
        read_values(parameters, {name: value})

    [error] = refused.value.errors
    assert error.field == name
    assert value not in error.detail
