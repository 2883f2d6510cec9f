"""What a new local system needs before anybody can use it: templates, two shops with API keys, a founder's login.

`python -m local.seed --keys FILE` makes it, with the system's variables in the environment, and ends with one line of
JSON. The database has only digests of keys and password, so FILE keeps them; what still works is left as it is.
"""

import argparse
import base64
import json
import secrets
import subprocess
import sys
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from local.environment import inherited_environment
from local.errors import LocalError
from local.migrations import PROJECT
from local.private_files import write_private
from local.stack import Stack
from local.terminal import step

if TYPE_CHECKING:
    from accounts.models import Account

CONFETTI_SHOP = ("Confetti Shop", "shop@confetti.example")
SUNSET_BOOKS = ("Sunset Books", "shop@sunset-books.example")
FOUNDER = ("founder", "founder@giftflick.example")
REQUESTS_PER_MINUTE = 6000


@dataclass(frozen=True)
class Access:
    """How to get in: the first shop's keys, the second one's, the admin's login. Named as in `run.json`."""

    api_key: str
    test_api_key: str
    second_api_key: str
    admin_username: str
    admin_password: str
    admin_totp_secret: str


def seed(stack: Stack) -> Access:
    """Seed a stack that is up, in a process of its own: this one knows nothing of Django."""
    command = [sys.executable, "-m", "local.seed", "--keys", str(stack.home / "keys.json")]
    env = {**inherited_environment(), **stack.env}
    with step("Templates, shops and keys"):
        done = subprocess.run(command, env=env, cwd=PROJECT, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = done.stderr.strip().splitlines() or ["it gave no reason"]
            raise LocalError(f"The system could not be seeded: {reason[-1]}")
    return Access(**json.loads(done.stdout.splitlines()[-1]))


def _plant(file: Path) -> Access:
    from django.utils import timezone

    from accounts.key_sync import sync
    from api.console.grants import grant_console
    from api.console.services import seed_questions
    from api.templates.services import seed_templates

    now = timezone.now()
    seed_templates(now=now)
    grant_console()
    seed_questions(now=now)
    sync(now=now)  # the local AWS forgets its tables when it stops
    kept: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    keep = partial(_keep, file, kept)
    for name, shop, livemode in (
        ("api_key", CONFETTI_SHOP, True),
        ("test_api_key", CONFETTI_SHOP, False),
        ("second_api_key", SUNSET_BOOKS, True),
    ):
        keep(name, _working_key(kept.get(name), shop, livemode=livemode, now=now))
    password, password_hash = _working_password(kept.get("admin_password"), kept.get("admin_password_hash"))
    keep("admin_username", FOUNDER[0])
    keep("admin_password", password)
    keep("admin_password_hash", password_hash)
    keep("admin_totp_secret", _working_totp_secret(kept.get("admin_totp_secret")))
    return Access(**{field.name: kept[field.name] for field in fields(Access)})


def _keep(file: Path, kept: dict[str, str], name: str, value: str) -> None:
    """Written down at once: killed now, the next start finds it."""
    if kept.get(name) != value:
        kept[name] = value
        write_private(file, json.dumps(kept, indent=2))


def _working_key(kept: str | None, shop: tuple[str, str], *, livemode: bool, now: datetime) -> str:
    """The kept key unless it was revoked, or the database is another one; else a new one."""
    from accounts.authorizer import Refused, verify
    from accounts.services import issue_api_key

    if kept is not None:
        verdict = verify(kept, now=now)
        if not isinstance(verdict, Refused) or verdict.reason == "suspended":
            return kept
    name = "make run, live" if livemode else "make run, test"
    _, key = issue_api_key(_account(*shop), name=name, livemode=livemode, created_by="local.seed", now=now)
    return key


def _account(name: str, email: str) -> "Account":
    from accounts.models import Account, OrderGate
    from accounts.services import create_account

    return Account.objects.filter(name=name).first() or create_account(
        name=name, email=email, order_gate=OrderGate.PER_GIFT, requests_per_minute=REQUESTS_PER_MINUTE
    )


def _working_password(kept: str | None, kept_hash: str | None) -> tuple[str, str]:
    """The founder's password and its hash: the kept one, made valid again if somebody changed it, or a new one.

    Compared by the kept hash: to check a password takes most of a second, by design.
    """
    from django.contrib.auth.models import Group

    from accounts.models import User

    password = kept or secrets.token_urlsafe(12)
    founder = User.objects.filter(username=FOUNDER[0]).first()
    if founder is None:
        founder = User.objects.create_superuser(*FOUNDER, password=password)
        founder.groups.set(Group.objects.filter(name="Founder"))
    elif founder.password != kept_hash:
        founder.set_password(password)
        founder.save(update_fields=["password"])
    return password, founder.password


def _working_totp_secret(kept: str | None) -> str:
    """The secret, in base32, of the founder's authenticator app: the kept one, made valid again, or a new one."""
    from django.utils import timezone
    from django_otp.plugins.otp_totp.models import TOTPDevice

    from accounts.models import User
    from accounts.second_factor import Setup, enrol, make_recovery_codes, new_key

    founder = User.objects.get(username=FOUNDER[0])
    key = base64.b32decode(kept).hex() if kept else new_key()
    if not TOTPDevice.objects.filter(user=founder, confirmed=True, key=key).exists():
        setup = Setup(key=key, last_t=-1, drift=0, codes=make_recovery_codes())
        enrol(founder, setup, is_replacement=True, now=timezone.now())
    return base64.b32encode(bytes.fromhex(key)).decode()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.seed", description=__doc__)
    parser.add_argument("--keys", type=Path, required=True, help="the file that keeps the keys")
    file = parser.parse_args().keys
    import django

    django.setup()
    print(json.dumps(asdict(_plant(file))))


if __name__ == "__main__":
    main()
