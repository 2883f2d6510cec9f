"""`python -m local.environment -- COMMAND…`: runs a command under production-like settings, with nothing behind them.

For checks that read the settings and call nobody (`mypy`, `check --deploy`): every secret is made up on the spot, and
every address leads nowhere.
"""

import os
import secrets
import sys
from collections.abc import Mapping

from local.aws.identities import KEY_TABLE, MEDIA_BUCKET, REGION
from local.sendgrid.keys import generate
from local.terminal import fail

MAIL_FROM = "Giftflick <gifts@giftflick.example>"
NOWHERE = "127.0.0.1:1"
# What a child process may know of the caller's environment. The rest could lead it to another database or account.
INHERITED = ("HOME", "LANG", "LC_ALL", "LOG_LEVEL", "NO_COLOR", "PATH", "TERM", "TMPDIR", "USER")


def throwaway_environment() -> dict[str, str]:
    """All variables the product needs, for one run."""
    return {
        "DJANGO_SETTINGS_MODULE": "giftflick.settings",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "ALLOWED_HOSTS": "giftflick.example",
        "BASE_URL": "https://giftflick.example",
        "SECURE_COOKIES": "true",
        "DATABASE_URL": f"postgres://giftflick:{secrets.token_hex()}@{NOWHERE}/giftflick",
        "AWS_ENDPOINT_URL": f"http://{NOWHERE}",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "AKIA" + secrets.token_hex(8).upper(),
        "AWS_SECRET_ACCESS_KEY": secrets.token_hex(20),
        "MEDIA_BUCKET": MEDIA_BUCKET,
        "KEY_TABLE": KEY_TABLE,
        "RENDERER_URL": f"http://{NOWHERE}",
        "RENDERER_API_KEY": secrets.token_hex(20),
        "RENDERER_SANDBOX_API_KEY": secrets.token_hex(20),
        "MAIL_FROM": MAIL_FROM,
        "SENDGRID_URL": f"http://{NOWHERE}",
        "SENDGRID_API_KEY": f"SG.{secrets.token_hex(20)}",
        "SENDGRID_WEBHOOK_PUBLIC_KEY": generate()[1],
    }


def inherited_environment(caller: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What a child process gets besides the product's own variables. No AWS profile: the keys are all there is."""
    kept = {name: caller[name] for name in INHERITED if name in caller}
    return {**kept, "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


def main(arguments: list[str]) -> None:
    command = arguments[1:] if arguments[:1] == ["--"] else []
    if not command:
        fail("usage: python -m local.environment -- COMMAND…")
    try:
        os.execvpe(command[0], command, {**inherited_environment(), **throwaway_environment()})  # noqa: S606  no shell wanted
    except OSError as error:
        fail(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
