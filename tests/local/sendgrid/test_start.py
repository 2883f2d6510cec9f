"""Starting the stand-in: wrong settings end it with one line."""

import subprocess
import sys
from pathlib import Path

import pytest

from local.sendgrid.keys import load_private_key
from tests.local.sendgrid.service import API_KEY, PUBLIC_KEY, ROOT, Service


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({}, "SENDGRID_API_KEY is not set"),
        ({"SENDGRID_API_KEY": "k", "SENDGRID_WEBHOOK_URL": "ftp://x"}, "SENDGRID_WEBHOOK_URL must begin with http"),
        ({"SENDGRID_API_KEY": "k", "SENDGRID_WEBHOOK_URL": "http://x"}, "SENDGRID_WEBHOOK_PRIVATE_KEY is not base64"),
    ],
)
def test_wrong_settings_stop_it_with_one_line(tmp_path: Path, environment: dict[str, str], line: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "local.sendgrid", "--port", "0", "--data", str(tmp_path)],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert line in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_taken_port_stops_it_with_one_line(quiet: Service, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "local.sendgrid", "--port", quiet.url.rpartition(":")[2], "--data", str(tmp_path)],
        env={"SENDGRID_API_KEY": API_KEY},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)


@pytest.mark.parametrize("text", ["", "x", "QUJD", PUBLIC_KEY])
def test_what_is_no_private_key_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not base64 of the DER PKCS #8 form of an ECDSA key on P-256$"):
        load_private_key(text)
