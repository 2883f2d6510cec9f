"""A command for a function that was never deployed: one line that says what makes it."""

import pytest

from infra.functions import manage
from infra.stages import DeployError
from tests.infra.account import DEV, connect, empty_account
from tests.infra.commands import red_line, run


def test_a_stage_that_was_never_deployed_runs_no_command() -> None:
    with empty_account() as url:
        line = red_line(run("invoke", "stats", url=url))

    assert line == "there is no function giftflick-dev: make deploy STAGE=dev makes it"


def test_a_function_that_is_not_there_is_told_by_what_makes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with empty_account() as url, pytest.raises(DeployError, match="there is no function giftflick-dev-release: make"):
        manage(connect(monkeypatch, url), DEV.release_function, "rotate_database", print)
