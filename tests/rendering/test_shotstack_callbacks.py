"""Shotstack's callbacks, read into our own words, whatever somebody posts."""

from typing import Any

import pytest

from api.rendering.backends.base import Notice, Progress
from api.rendering.backends.shotstack import ShotstackBackend

EDIT: dict[str, Any] = {
    "type": "edit",
    "action": "render",
    "id": "r-1",
    "owner": "o",
    "status": "done",
    "url": "u",
    "error": None,
}
COPY: dict[str, Any] = {
    "type": "serve",
    "action": "copy",
    "id": "c-1",
    "render": "r-1",
    "status": "ready",
    "error": None,
}


def render_notice(progress: Progress, error: str = "") -> Notice:
    return Notice("r-1", is_copy=False, progress=progress, error=error)


def copy_notice(progress: Progress, error: str = "") -> Notice:
    return Notice("r-1", is_copy=True, progress=progress, error=error)


@pytest.mark.parametrize(
    ("payload", "notice"),
    [
        (EDIT, render_notice(Progress.DONE)),
        (
            {**EDIT, "status": "failed", "error": "no https://x.example/a?b=c"},
            render_notice(Progress.FAILED, "no https://x.example/a"),
        ),
        ({**EDIT, "status": "saving"}, render_notice(Progress.WORKING)),
        (COPY, copy_notice(Progress.DONE)),
        ({**COPY, "status": "failed", "error": "denied"}, copy_notice(Progress.FAILED, "denied")),
    ],
)
def test_callbacks_in_our_words(payload: dict[str, Any], notice: Notice) -> None:
    assert ShotstackBackend().parse_notice(payload) == notice


@pytest.mark.parametrize("base", [EDIT, COPY])
@pytest.mark.parametrize("value", [None, 5, True, [], {}, "", "x" * 65, "../x", "a\x00b"])
@pytest.mark.parametrize("name", ["type", "action", "id", "render"])
def test_a_callback_of_another_shape_is_none_that_we_know(base: dict[str, Any], name: str, value: Any) -> None:
    if name in ("id", "render") and name != ("id" if base is EDIT else "render"):
        name = "type"

    assert ShotstackBackend().parse_notice({**base, name: value}) is None


@pytest.mark.parametrize("payload", [{}, {"type": "edit"}, {**EDIT, "status": 5}, {**COPY, "status": None}])
def test_a_callback_without_what_it_must_have_is_none_that_we_know(payload: dict[str, Any]) -> None:
    assert ShotstackBackend().parse_notice(payload) is None


@pytest.mark.parametrize("error", [5, {"a": 1}, ["x"], True])
def test_an_error_of_another_type_is_no_error_text(error: Any) -> None:
    notice = ShotstackBackend().parse_notice({**EDIT, "status": "failed", "error": error})

    assert notice == render_notice(Progress.FAILED)
