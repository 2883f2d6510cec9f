"""What the seeded founder types into the second step of the sign-in on a laptop."""

import json
import subprocess
import sys
import time
from pathlib import Path

from local.totp import code_at

SECRET = "JBSWY3DPEHPK3PXP"


def ask(home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "local.code", "--home", str(home)], capture_output=True, text=True, check=False
    )


def test_it_is_what_the_founders_phone_shows(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"admin_totp_secret": SECRET}))

    before = code_at(SECRET, time.time())
    told = ask(tmp_path)

    assert told.stdout.strip() in {before, code_at(SECRET, time.time())}


def test_where_nothing_runs_it_says_how_to_start_it(tmp_path: Path) -> None:
    told = ask(tmp_path)

    assert (told.returncode, told.stdout) == (1, "")
    assert "start it by `make run` or `make gateway`" in told.stderr
