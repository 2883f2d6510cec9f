"""The frame of every command: a stage to choose, one red line for what goes wrong, a clean end on Ctrl-C."""

import argparse
import sys
from collections.abc import Callable
from typing import NoReturn

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from infra.aws_errors import explained
from local.errors import LocalError
from local.signals import obey_signals
from local.terminal import RED, fail, painted

INTERRUPTED = 130


def stage_parser(name: str, description: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m infra.{name}", description=description)
    parser.add_argument("--stage", required=True, metavar="STAGE", help="dev, staging or production")
    return parser


def run(command: Callable[[], None]) -> None:
    """Run `command` to its end; what a person can mend ends the program with exit code 1 and one line."""
    obey_signals()
    try:
        command()
    except LocalError as error:
        fail(str(error))
    except (BotoCoreError, ClientError) as error:
        fail(explained(error))
    except Boto3Error as error:
        fail(f"{type(error).__name__}: {error}")
    except KeyboardInterrupt:
        _interrupted()


def _interrupted() -> NoReturn:
    line = "Stopped. Every step can be repeated: run the command again."
    print(painted(line, RED, stream=sys.stderr), file=sys.stderr, flush=True)
    sys.exit(INTERRUPTED)
