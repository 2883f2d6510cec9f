"""The guide's own lines, run by bash as a reader would: against a real site, worker, renderer and storage."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import Account
from accounts.services import issue_api_key
from api.templates.services import seed_templates
from local.curl import curl_path
from local.migrations import PROJECT
from local.ports import HOST, free_port
from local.samples import sample_photo
from local.stack import Stack
from tests.system import System, url_of_test_database

BASH = shutil.which("bash") or "/bin/bash"
GUIDE = PROJECT / "docs" / "api"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture
def system(stack: Stack, transactional_db: None, tmp_path: Path) -> Iterator[System]:
    system = System(stack, url_of_test_database(stack), tmp_path)
    system.env["WEBHOOK_ALLOWED_NETWORKS"] = f"{HOST}/32"
    try:
        system.start_sendgrid()
        system.start_site()
        system.start_worker()
        yield system
    finally:
        system.stop()


@pytest.fixture
def key(account: Account, system: System) -> str:
    seed_templates(now=timezone.now())
    return issue_api_key(account, name="reader", livemode=False, created_by="tests", now=timezone.now())[1]


def lines_of(page: str) -> list[str]:
    return BLOCK.findall((GUIDE / page).read_text())


def run(blocks: list[str], folder: Path, **variables: str) -> list[str]:
    """What the blocks print, but for whole JSON documents, in one shell that stops at the first failure."""
    curl_path()
    script = "\n".join(["set -eu", "trap 'kill $(jobs -p) 2> /dev/null || true' EXIT", *blocks])
    env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | variables
    done = subprocess.run(
        [BASH, "-c", script], cwd=folder, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return [line for line in done.stdout.splitlines() if line and line[0] not in "{["]


@pytest.mark.timeout(360)
def test_the_guide_runs_as_it_is_written(system: System, key: str, tmp_path: Path) -> None:
    sample_photo(tmp_path / "photo.jpg")

    printed = run(lines_of("guide.md"), tmp_path, BASE=system.base_url, KEY=key)

    gift = printed.pop(-2)
    assert re.fullmatch("[0-9a-f-]{36}", gift)
    assert printed == [
        "ready",  # the upload
        "the same gift",
        "404",
        "Happy 30th! Remember the lake, and the boat?",
        "precondition_failed",
        "rendering",
        "ready",
        "succeeded",
        "paid",
        "sent",
        "18.0",  # seconds of film
        "2",  # thanks left
        "watched",
        "watched",  # as the list has it
    ]


def test_the_receiver_of_webhooks_tells_true_from_false(system: System, key: str, tmp_path: Path) -> None:
    port = str(free_port())
    definitions = lines_of("guide.md")[:1]

    printed = run(
        [*definitions, *lines_of("webhooks.md")],
        tmp_path,
        BASE=system.base_url,
        KEY=key,
        RECEIVER_PORT=port,
        HOOK_URL=f"http://{HOST}:{port}/",
    )

    event = printed.pop(1)
    assert re.fullmatch("[0-9a-f-]{36}", event)
    assert printed == ["webhook.test", "canceled"]
    assert (tmp_path / "heard").read_text().split() == ["webhook.test", "gift.canceled"]
