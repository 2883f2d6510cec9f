"""`make secret`: takes one value of the secret `app` from stdin, or from a terminal without showing it."""

import getpass
import sys

from infra.app_secret import GIVEN, AppSecret
from infra.aws import Aws
from infra.command import run, stage_parser
from infra.deploy_lock import DeployLock
from infra.stages import DeployError, stage_called
from local.terminal import say

LONGEST = 4096


def read_value(name: str) -> str:
    """Without the line break at its end; never shown."""
    if sys.stdin.isatty():
        return getpass.getpass(f"{name}: ").strip()
    return sys.stdin.read(LONGEST).strip()


def set_secret(aws: Aws, name: str) -> None:
    """Raises DeployError; nothing that was typed is in it."""
    if name not in GIVEN:
        raise DeployError(f"{name!r} is none of {', '.join(GIVEN)}: choose one with NAME=")
    secret = AppSecret(aws.secrets, aws.stage)
    secret.current()  # first, so that nobody types a key that has no place yet
    value = read_value(name)
    with DeployLock(aws.ssm, aws.stage).held("make secret"):
        secret.set(name, value)
        lacking = secret.lacking()
    say(f"{secret.name} has its {name}; the site knows it within five minutes")
    say(f"still lacking: {', '.join(lacking)}" if lacking else "nothing is lacking any more")


def main() -> None:
    parser = stage_parser("secret", __doc__)
    parser.add_argument("--name", required=True, metavar="NAME", help=", ".join(GIVEN))
    arguments = parser.parse_args()
    run(lambda: set_secret(Aws(stage_called(arguments.stage)), arguments.name))


if __name__ == "__main__":
    main()
