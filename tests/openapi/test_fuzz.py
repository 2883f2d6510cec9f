"""Thousands of made-up calls: no crash, and no answer that the description does not have."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from api.templates.models import Template
from local.stack import Stack
from tests.openapi.fuzzing import fuzz, open_account, open_shop
from tests.system import System, url_of_test_database

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "10"))  # at most, for each operation and mode
AT_LEAST = int(os.environ.get("FUZZ_AT_LEAST", "3000"))
IS_NEW = "FUZZ_NEW" in os.environ  # other cases than in the last run
GIFTS_A_STATE = 1 + EXAMPLES // 30


@pytest.fixture
def system(stack: Stack, transactional_db: None, template: Template, tmp_path: Path) -> Iterator[System]:
    system = System(stack, url_of_test_database(stack), tmp_path)
    try:
        system.start_site()
        yield system
    finally:
        system.stop()


@pytest.mark.timeout(3600)
def test_no_made_up_call_crashes_the_api_or_is_answered_against_its_description(system: System, tmp_path: Path) -> None:
    account, now = open_account(), timezone.now()
    shops = [
        open_shop(account, tmp_path, livemode=livemode, gifts_a_state=GIFTS_A_STATE, now=now)
        for livemode in (True, False)
    ]

    outcomes = [fuzz(system, shop, examples=EXAMPLES, is_new=IS_NEW) for shop in shops]

    assert [outcome.report for outcome in outcomes if not outcome.is_clean] == []
    assert sum(outcome.cases for outcome in outcomes) >= AT_LEAST
