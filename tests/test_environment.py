"""`.env.example` says what the code reads, no more and no less; without what is required, nothing starts."""

import ast
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from giftflick.env import read_env_file
from local.environment import throwaway_environment

ROOT = Path(__file__).resolve().parent.parent
READERS = {"text", "flag", "number", "words", "origin", "networks"}
NAMES_OF_SECRETS = {"APP_SECRET", "DATABASE_SECRET"}
READ_BY_BOTO3 = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"}


def read_variables() -> dict[str, bool]:
    """Each variable that the code reads through `giftflick.env`, and whether it is required."""
    calls = [
        node
        for package in ("accounts", "api", "giftflick")
        for file in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "env"
        and node.func.attr in READERS
        and isinstance(node.args[0], ast.Constant)  # another one reads by a list what these read by name
    ]
    return {ast.literal_eval(call.args[0]): len(call.args) == 1 and not call.keywords for call in calls}


def example() -> dict[str, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "environ", {})
        read_env_file(ROOT / ".env.example")
        return dict(os.environ)


def settings_made_from(variables: dict[str, str]) -> dict[str, Any]:
    """As on a laptop, where no secret is kept elsewhere."""
    known = {name: value for name, value in variables.items() if name not in NAMES_OF_SECRETS}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "environ", known)
        return runpy.run_path(str(ROOT / "giftflick" / "settings.py"))


REQUIRED = sorted(name for name, is_required in read_variables().items() if is_required)


def test_the_example_has_exactly_the_variables_that_are_read() -> None:
    assert example().keys() == read_variables().keys() | READ_BY_BOTO3


def test_no_variable_is_read_behind_the_readers_back() -> None:
    """Two may: the readers themselves, and what runs where Django is not."""
    exempt = {ROOT / "giftflick" / "env.py", ROOT / "accounts" / "authorizer.py"}
    for package in ("accounts", "api", "giftflick"):
        for file in (ROOT / package).rglob("*.py"):
            source = file.read_text(encoding="utf-8").replace('os.environ.setdefault("DJANGO_SETTINGS_MODULE"', "")
            assert file in exempt or not re.search(r"\benviron\b|\bgetenv\b", source), file


def test_each_variable_of_the_example_is_explained_in_one_line() -> None:
    paragraphs = (ROOT / ".env.example").read_text(encoding="utf-8").strip().split("\n\n")

    assert len(paragraphs) == len(example())
    for paragraph in paragraphs:
        assert re.fullmatch(r"# \S.{10,}\n[A-Z][A-Z0-9_]+=\S.*", paragraph), paragraph


def test_the_settings_accept_the_example() -> None:
    settings = settings_made_from(example())

    assert settings["BASE_URL"] == "https://gifts.example.com"
    assert settings["DEBUG"] is False


def test_the_throw_away_environment_has_all_that_is_required() -> None:
    known = throwaway_environment().keys()

    assert known >= set(REQUIRED) | READ_BY_BOTO3
    assert known - {"DJANGO_SETTINGS_MODULE"} <= example().keys()


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_what_is_required_must_be_there(name: str, value: str | None) -> None:
    variables = example() | {name: value or ""}
    if value is None:
        del variables[name]

    with pytest.raises(ImproperlyConfigured, match=rf"^{name} is not set; .env.example says what it is for$"):
        settings_made_from(variables)


@pytest.mark.parametrize(
    ("name", "value"), [("BASE_URL", "gifts.example.com"), ("SENDGRID_URL", "ftp://x"), ("DEBUG", "maybe")]
)
def test_what_is_malformed_is_named(name: str, value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=rf"^{name} must "):
        settings_made_from(example() | {name: value})


def test_a_process_without_a_required_variable_stops_and_names_it() -> None:
    variables = {name: value for name, value in throwaway_environment().items() if name != "MEDIA_BUCKET"}

    stopped = subprocess.run(
        [sys.executable, "-c", "import giftflick.wsgi"],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )

    assert stopped.returncode == 1
    assert stopped.stderr.splitlines()[-1].endswith("MEDIA_BUCKET is not set; .env.example says what it is for")
