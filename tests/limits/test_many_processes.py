"""One key's limit over eight processes that know nothing of each other."""

import json
import os
import subprocess
import sys
from collections import Counter

from django.db import connection

from accounts.models import Account, RateWindow
from accounts.services import issue_api_key
from tests.conftest import NOW

PROCESSES, CALLS_EACH, LIMIT = 8, 100, 300


def test_eight_processes_grant_no_call_too_many_and_hardly_one_too_few(
    transactional_db: None, account: Account
) -> None:
    account.requests_per_minute = LIMIT
    account.save()
    (shop, key), (_, warming_up) = (
        issue_api_key(account, name=name, livemode=True, created_by="tests", now=NOW) for name in ("shop", "other")
    )
    address = "{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict)
    env = {
        **os.environ,
        "DATABASE_URL": f"postgres://{address}",
        "HAMMERS_API_KEY": key,
        "HAMMERS_OTHER_KEY": warming_up,
    }
    command = [sys.executable, "-m", "tests.limits.hammer", str(CALLS_EACH)]
    hammers = [
        subprocess.Popen(
            command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        for _ in range(PROCESSES)
    ]
    for hammer in hammers:
        assert hammer.stdout is not None
        assert hammer.stdout.readline() == "ready\n"

    for hammer in hammers:
        assert hammer.stdin is not None
        hammer.stdin.write("go\n")
        hammer.stdin.flush()
    answered = Counter[str]()
    for hammer in hammers:
        answered.update(json.loads(hammer.communicate()[0]))

    window = RateWindow.objects.get(caller=f"key:{shop.pk}")
    assert sum(answered.values()) == PROCESSES * CALLS_EACH
    assert answered.keys() == {"200", "429"}
    assert 0.95 * LIMIT <= answered["200"] <= LIMIT
    assert window.taken <= LIMIT
