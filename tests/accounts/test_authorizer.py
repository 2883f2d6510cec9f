"""Who is let in by the key table alone, and that nothing odd in it lets anybody in."""

import json
import random
import shutil
import socket
import string
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from accounts import authorizer, key_store, keys
from accounts.authorizer import KeyStoreAwayError, Refused, Verified, handler, verify
from accounts.models import ApiKey
from local.ports import HOST
from local.stack import Stack
from tests.accounts.conftest import Table, unsaved_key
from tests.accounts.proxy import Proxy

ROOT = Path(__file__).resolve().parent.parent.parent
SECOND = timedelta(seconds=1)


def put(table: Table, now: datetime, **changes: Any) -> tuple[ApiKey, str]:
    key, text = unsaved_key(now, **changes)
    table.put(key_store.item_of(key))
    return key, text


def event(presented: str) -> dict[str, Any]:
    """What API Gateway sends, as far as the authorizer looks at it."""
    return {"version": "2.0", "type": "REQUEST", "identitySource": [presented], "headers": {"x-api-key": presented}}


def test_a_working_key_is_its_account_and_what_it_may_do(table: Table, now: datetime) -> None:
    key, text = put(table, now, expires_at=now + SECOND)

    assert verify(text, now=now) == Verified(
        {
            "account_id": str(key.account.pk),
            "account_name": "Confetti Shop",
            "livemode": True,
            "key_id": key.pk,
            "key_name": "Web page",
            "scopes": "account:read gifts:read",
            "requests_per_minute": 600,
            "mails_per_day": 2000,
            "origins": "https://a.example https://b.example",
        }
    )


def test_10_000_mistyped_keys_cost_no_read(table: Table, proxy: Proxy, now: datetime) -> None:
    chance = random.Random(7)  # noqa: S311
    _, key = put(table, now)

    def mistyped() -> str:
        position = chance.randrange(len(key))
        other = chance.choice(string.printable)
        before, after = key[:position], key[position + 1 :]
        return chance.choice([before + other + after, before + other + key[position:], before + after, before])

    variants = set[str]()
    while len(variants) < 10_000:
        variants |= {mistyped() + chance.choice(["", "", " ", "\n", ","])} - {key}
    refusals = {verify(variant, now=now) for variant in variants}

    assert refusals == {Refused("malformed")}
    assert proxy.calls == []


def test_any_other_key_costs_one_consistent_read(table: Table, proxy: Proxy, now: datetime) -> None:
    _, known = put(table, now)
    unknown = keys.generate(livemode=True)

    for text in (known, unknown):
        verify(text, now=now)

    assert [(action, body["Key"]["id"]["S"], body["ConsistentRead"]) for action, body in proxy.calls] == [
        ("GetItem", text.split("_")[2], True) for text in (known, unknown)
    ]


def test_a_key_nobody_has_is_unknown(table: Table, now: datetime) -> None:
    assert verify(keys.generate(livemode=False), now=now) == Refused("unknown")


@pytest.mark.parametrize("narrowed", ["revoked_at", "expires_at", None])
def test_who_lacks_the_secret_or_the_mode_learns_nothing(table: Table, narrowed: str | None, now: datetime) -> None:
    key, text = put(table, now, **({narrowed: now} if narrowed else {}))

    wrong_secret = f"gf_live_{key.pk}_{'0' * 32}"
    other_mode = text.replace("gf_live", "gf_test")[:-6]

    for body in (wrong_secret, other_mode):
        assert verify(body + keys._check(body), now=now) == Refused("unknown")


def test_a_key_is_refused_from_the_moment_it_expires_also_if_dynamodb_still_has_it(table: Table, now: datetime) -> None:
    at = now + timedelta(days=1, microseconds=17)
    _, text = put(table, now, expires_at=at)

    assert isinstance(verify(text, now=at - timedelta(microseconds=1)), Verified)
    assert verify(text, now=at) == Refused("expired")
    assert verify(text, now=at + timedelta(days=400)) == Refused("expired")


def test_a_revoked_key_and_a_suspended_accounts_key_are_refused(table: Table, now: datetime) -> None:
    _, revoked = put(table, now, revoked_at=now)
    key, suspended = put(table, now)
    table.set(key, suspended_at={"N": "1796000000"})

    assert verify(revoked, now=now) == Refused("revoked")
    assert verify(suspended, now=now) == Refused("suspended")


READ = sorted(set(key_store.item_of(unsaved_key(datetime.now(UTC))[0])) - {"id", "ttl"})
TYPES: dict[str, Any] = {
    "S": "x", "N": "4000000000", "BOOL": True, "NULL": True, "L": [], "M": {}, "SS": ["x"], "B": b"x",
}  # fmt: skip


@pytest.mark.parametrize("attribute", READ)
def test_an_item_that_lacks_anything_lets_nobody_in(table: Table, attribute: str, now: datetime) -> None:
    key, text = put(table, now)
    table.set(key, **{attribute: None})

    with pytest.raises(KeyStoreAwayError, match=key.pk):
        verify(text, now=now)


@pytest.mark.parametrize("attribute", READ)
def test_an_item_with_anything_of_another_type_lets_nobody_in(table: Table, attribute: str, now: datetime) -> None:
    key, text = put(table, now)
    own = {*key_store.item_of(key)[attribute], *({"N"} if attribute == "expires_at" else ())}

    for kind in TYPES.keys() - own:
        table.set(key, **{attribute: {kind: TYPES[kind]}})
        try:
            verdict: object = verify(text, now=now)
        except KeyStoreAwayError:
            continue
        assert isinstance(verdict, Refused), kind


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("account_id", {"S": "not-a-uuid"}),
        ("livemode", {"BOOL": False}),
        ("digest", {"S": ""}),
        ("digest", {"S": "é"}),
        ("expires_at", {"N": "-1"}),
        ("requests_per_minute", {"N": "1.5"}),
        ("revoked_at", {"BOOL": False}),
        ("suspended_at", {"S": ""}),
    ],
)
def test_an_item_that_makes_no_sense_lets_nobody_in(
    table: Table, attribute: str, value: dict[str, Any], now: datetime
) -> None:
    key, text = put(table, now)
    table.set(key, **{attribute: value})

    try:
        verdict: object = verify(text, now=now)
    except KeyStoreAwayError:
        return
    assert isinstance(verdict, Refused)


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (500, b'{"__type": "InternalServerError"}'),
        (400, b'{"__type": "ProvisionedThroughputExceededException"}'),
        (400, b'{"__type": "AccessDeniedException"}'),
        (400, b'{"__type": "ResourceNotFoundException"}'),
        (503, b"<html>down</html>"),
        (302, b""),
    ],
)
def test_a_store_that_does_not_answer_as_it_should_lets_nobody_in(
    table: Table, proxy: Proxy, status: int, answer: bytes, now: datetime
) -> None:
    _, text = put(table, now)
    proxy.answers = lambda: (status, answer)

    with pytest.raises(KeyStoreAwayError) as raised:
        verify(text, now=now)

    assert text not in str(raised.value)


@pytest.mark.parametrize("answer", [b"<html>login</html>", b"", b"{}"])
def test_an_answer_without_an_item_lets_nobody_in(table: Table, proxy: Proxy, answer: bytes, now: datetime) -> None:
    _, text = put(table, now)
    proxy.answers = lambda: (200, answer)

    assert verify(text, now=now) == Refused("unknown")


@pytest.fixture
def unanswered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Calls to DynamoDB are connected and never answered."""
    with socket.create_server((HOST, 0)) as server:
        authorizer.client.cache_clear()
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", f"http://{HOST}:{server.getsockname()[1]}")
        yield
    authorizer.client.cache_clear()


def test_a_silent_store_is_waited_for_a_few_seconds(table: Table, unanswered: None, now: datetime) -> None:
    started = datetime.now(UTC)

    with pytest.raises(KeyStoreAwayError):
        verify(keys.generate(livemode=True), now=now)

    assert datetime.now(UTC) - started < timedelta(seconds=20)  # boto's own patience is minutes


def test_the_lambda_answers_as_api_gateway_wants_it(
    table: Table, now: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    _, text = put(table, now)
    revoked, refused = put(table, now, revoked_at=now)

    assert handler(event(text), None) == {"isAuthorized": True, "context": _context(text, now)}
    assert handler(event(refused), None) == {"isAuthorized": False, "context": {}}
    assert handler(event("x"), None) == {"isAuthorized": False, "context": {}}
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"message": "refused", "reason": "revoked", "key": revoked.pk},
        {"message": "refused", "reason": "malformed", "key": None},
    ]


def test_the_lambda_crashes_when_the_store_is_away(table: Table, away: Proxy, now: datetime) -> None:
    with pytest.raises(KeyStoreAwayError):
        handler(event(keys.generate(livemode=True)), None)


def _context(text: str, now: datetime) -> object:
    verdict = verify(text, now=now)
    assert isinstance(verdict, Verified)
    return verdict.context


def test_importing_it_imports_no_django_and_no_botocore() -> None:
    code = "import sys, accounts.authorizer; print(*sorted({name.split('.')[0] for name in sys.modules}))"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert {"django", "rest_framework", "botocore", "boto3", "urllib3"} & set(done.stdout.split()) == set()


def test_three_files_and_the_runtimes_botocore_are_all_it_needs(
    table: Table, tmp_path: Path, stack: Stack, now: datetime
) -> None:
    _, text = put(table, now)
    package, runtime = tmp_path / "package", tmp_path / "runtime"
    (package / "accounts").mkdir(parents=True)
    runtime.mkdir()
    for name in ("__init__.py", "authorizer.py", "keys.py"):
        shutil.copy(ROOT / "accounts" / name, package / "accounts" / name)
    installed = Path(str(sys.modules["boto3"].__file__)).parent.parent
    for name in ("botocore", "jmespath", "dateutil", "urllib3", "six.py"):
        (runtime / name).symlink_to(installed / name)
    code = (
        f"import sys; sys.path[:0] = [{str(package)!r}, {str(runtime)!r}]\n"
        "from accounts.authorizer import handler\n"
        "import json; print(json.dumps(handler(json.loads(sys.argv[1]), None)))"
    )
    env = {name: value for name, value in stack.env.items() if name.startswith("AWS_")} | {"KEY_TABLE": table.name}

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, json.dumps(event(text))],
        cwd=tmp_path, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"isAuthorized": True, "context": _context(text, now)}
