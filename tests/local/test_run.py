"""`make run` and `make demo` as their user meets them: what they leave behind, and how they refuse."""

import json
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import psutil
import pytest
import urllib3

from api.media.accepted import MB
from local.demo import own_file
from local.environment import inherited_environment
from local.errors import LocalError
from local.ports import HOST, free_port
from local.run import read_port
from local.samples import sample_photo
from local.totp import code_at
from tests.descendants import descendants

PROJECT = Path(__file__).resolve().parents[2]
FACTS = {
    "base_url",
    "api_key",
    "test_api_key",
    "second_api_key",
    "admin_url",
    "admin_username",
    "admin_password",
    "admin_totp_secret",
    "mailbox_url",
    "docs_url",
    "database_url",
    "aws_endpoint_url",
}
SERVICES = {"mailbox_url", "database_url", "aws_endpoint_url"}  # on another port each time


class Run:
    """One `python -m local.run`, up and seeded; its first gift may still be on its way."""

    def __init__(self, home: Path, *options: str) -> None:
        self.home = home
        self.process = subprocess.Popen(
            [sys.executable, "-m", "local.run", "--home", home, *options],
            cwd=PROJECT,
            env=inherited_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.facts = self._wait_for_facts()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        if self.process.poll() is None:
            self.stop()

    def call(self, method: str, path: str, key: str, body: Any = None) -> Any:
        headers = {"X-API-Key": self.facts[key]}
        answer = urllib3.request(method, self.facts["base_url"] + path, headers=headers, json=body, timeout=20)
        assert answer.status in (200, 201), answer.data
        return answer.json()

    def look(self, page: str) -> int:
        return urllib3.request("GET", self.facts[page], timeout=20).status

    def sign_in(self) -> str:
        """Where it leads to show the founder's password and a code of the founder's phone."""
        opener = build_opener(HTTPCookieProcessor(jar := CookieJar()))
        page = self.facts["admin_url"]
        opener.open(page, timeout=20)
        for answers in (
            {"username": self.facts["admin_username"], "password": self.facts["admin_password"]},
            {"code": code_at(self.facts["admin_totp_secret"], time.time())},
        ):
            token = next(cookie.value for cookie in jar if cookie.name == "csrftoken")
            body = urlencode({**answers, "csrfmiddlewaretoken": token}).encode()
            page = opener.open(page if "code" in page else f"{page}login/", body, timeout=20).url
        return page

    @property
    def tree(self) -> psutil.Process:
        return psutil.Process(self.process.pid)

    def stop(self) -> tuple[int, str, str]:
        self.process.terminate()
        return self.wait()

    def wait(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err

    def _wait_for_facts(self) -> dict[str, str]:
        deadline = time.monotonic() + 180
        while not (self.home / "run.json").exists():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        facts: dict[str, str] = json.loads((self.home / "run.json").read_text())
        return facts


def command(name: str, *options: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command that is to refuse at once."""
    return subprocess.run(
        [sys.executable, "-m", f"local.{name}", *options],
        cwd=PROJECT,
        env=inherited_environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def assert_refused(done: subprocess.CompletedProcess[str], reason: str) -> None:
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1), done
    assert reason in done.stderr


def left_over(home: Path, family: list[psutil.Process]) -> list[str]:
    """What of a run's processes is alive after it, also one that hid from its family."""
    strangers = [process for process in psutil.process_iter(["cmdline"]) if str(home) in str(process.info["cmdline"])]
    return [repr(process) for process in {*family, *strangers} if is_alive(process)]


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@dataclass(frozen=True)
class FirstRun:
    """What was seen of the first run of a home, and how it ended when it was stopped with its first gift on the way."""

    home: Path
    facts: dict[str, str]
    modes: list[int]
    pages: list[int]
    first_page: str
    accounts: list[dict[str, Any]]
    draft: dict[str, Any]
    intruders: list[subprocess.CompletedProcess[str]]
    family: list[psutil.Process]
    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> FirstRun:
    home = tmp_path_factory.mktemp("run") / "home"
    sender, recipient = {"name": "Ana", "email": "ana@example.com"}, {"name": "Ben", "email": "ben@example.com"}
    content = {"template": "birthday-confetti", "sender": sender, "recipient": recipient}
    with Run(home) as run:
        modes = [(home / name).stat().st_mode & 0o777 for name in ("run.json", "run.env", "keys.json")]
        pages = [run.look("docs_url"), run.look("admin_url"), run.look("mailbox_url")]
        first_page = run.sign_in()
        accounts = [run.call("GET", "/v1/account", key) for key in ("api_key", "test_api_key", "second_api_key")]
        draft = run.call("POST", "/v1/gifts", "api_key", content)
        intruders = [command("run", "--home", home), command("demo", "--home", home)]
        family = run.tree.children(recursive=True)
        code, out, err = run.stop()
    return FirstRun(home, run.facts, modes, pages, first_page, accounts, draft, intruders, family, code, out, err)


def test_run_tells_where_everything_is_and_gives_keys_that_work(first: FirstRun) -> None:
    live, test, second = first.accounts
    assert set(first.facts) == FACTS
    assert first.pages == [200, 200, 200]
    assert [account["livemode"] for account in first.accounts] == [True, False, True]
    assert live["id"] == test["id"] != second["id"]
    assert [account["limits"]["requests_per_minute"] for account in first.accounts] == [6000, 6000, 6000]
    assert all(first.facts[name] in first.out for name in ("base_url", "admin_url", "mailbox_url", "docs_url"))
    for name in ("api_key", "admin_username", "admin_password", "admin_totp_secret"):
        assert first.facts[name] in first.out


def test_the_founder_signs_in_with_a_code_of_the_secret_that_is_told(first: FirstRun) -> None:
    assert first.first_page == first.facts["admin_url"]


def test_run_hides_its_secrets_from_other_users(first: FirstRun) -> None:
    assert first.modes == [0o600, 0o600, 0o600]


def test_a_second_run_or_a_demo_is_kept_out_of_a_home_in_use(first: FirstRun) -> None:
    run, demo = first.intruders

    assert_refused(run, f"Giftflick is running from {first.home} already")
    assert_refused(demo, f"{first.home} holds something else than a demo")


def test_run_stopped_midway_ends_well_and_leaves_nothing_running(first: FirstRun) -> None:
    assert (first.code, first.err) == (0, "")
    assert len(first.family) > 10
    assert left_over(first.home, first.family) == []
    assert not (first.home / "run.json").exists()
    assert not (first.home / "run.env").exists()


def test_the_next_run_has_the_same_keys_address_and_gifts(first: FirstRun) -> None:
    with Run(first.home) as again:
        assert {name for name in FACTS if again.facts[name] != first.facts[name]} <= SERVICES
        assert again.call("GET", f"/v1/gifts/{first.draft['id']}", "api_key") == first.draft


def test_run_takes_the_port_it_is_given_and_ends_red_when_a_service_dies(first: FirstRun) -> None:
    port = free_port()
    with Run(first.home, "--port", str(port)) as run:
        assert run.facts["base_url"] == f"http://{HOST}:{port}"
        [renderer] = descendants(run.tree, lambda child: child.cmdline()[1:3] == ["-m", "local.renderer"])

        renderer.kill()
        code, _, err = run.wait()

        assert code == 1
        assert err.startswith("renderer ended (exit code 137)")
        assert len(err.splitlines()) == 1
        assert not (first.home / "run.json").exists()


def test_run_refuses_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = str(taken.getsockname()[1])

        assert_refused(command("run", "--home", tmp_path, "--port", port), f"port {port} is taken")


def test_run_refuses_a_wrong_port_in_one_line(tmp_path: Path) -> None:
    assert_refused(command("run", "--home", tmp_path, "--port", "70000"), "PORT=70000 is no port")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("port", ["abc", "0", "65536", "-1", "²", "", " 80", "8000\n"])
def test_what_is_no_port_is_refused(port: str) -> None:
    with pytest.raises(LocalError, match="is no port"):
        read_port(port)


def test_demo_refuses_a_file_that_cannot_be_sent_in_one_line_before_it_starts_anything(tmp_path: Path) -> None:
    done = command("demo", "--home", tmp_path / "demo", "--photo", tmp_path / "missing.jpg")

    assert_refused(done, f"PHOTO={tmp_path}/missing.jpg cannot be read: No such file or directory")
    assert not (tmp_path / "demo").exists()


@pytest.mark.parametrize(
    ("name", "kind", "content", "reason"),
    [
        ("notes.txt", "image", b"Buy candles", "its name must end in .jpg, .jpeg, .png, .webp"),
        ("photo.jpg", "video", b"\xff\xd8", "its name must end in .mp4, .mov, .webm"),
        ("photo", "image", b"\xff\xd8", "its name must end in"),
        ("fake.jpg", "image", b"GIF89a" + bytes(100), "The file is not a JPEG picture."),
        ("empty.png", "image", b"", "cannot be used: "),
        ("cut.mp4", "video", b"\x00\x00\x00\x18ftypmp42", "cannot be used: "),
        ("large.jpg", "image", bytes(20 * MB + 1), "It is larger than 20 MB."),
    ],
)
def test_a_file_that_the_product_would_refuse_is_refused(
    tmp_path: Path, name: str, kind: str, content: bytes, reason: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)

    with pytest.raises(LocalError, match=rf"^PHOTO={file} .*{reason}"):
        own_file("PHOTO", str(file), kind)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "photo.jpg"
    folder.mkdir()

    with pytest.raises(LocalError, match="It is not a file"):
        own_file("PHOTO", str(folder), "image")


def test_a_file_that_the_product_would_take_is_taken(tmp_path: Path) -> None:
    photo = sample_photo(tmp_path / "PHOTO.JPEG")

    assert own_file("PHOTO", str(photo), "image") == photo
    assert own_file("PHOTO", None, "image") is None
