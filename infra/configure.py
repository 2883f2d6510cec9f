"""`make configure`: keeps what a stage needs to be told in Parameter Store, and shows what is still missing."""

import shlex
import sys

from infra.aws import Aws
from infra.command import run, stage_parser
from infra.inputs import Inputs
from infra.parameters import PARAMETERS
from infra.stages import DeployError, stage_called
from local.terminal import say


def parse(text: str) -> dict[str, str]:
    """`name=value …`, a value with blanks in quotes. Raises DeployError."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise DeployError(f"SET makes no sense: {error}; put a value with blanks in quotes") from error
    chosen: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not value or name in chosen:
            raise DeployError(f"SET has {word!r}, which is no name=value of its own; - stands for no value")
        chosen[name] = value
    return chosen


def configure(aws: Aws, chosen: dict[str, str]) -> None:
    """Raises DeployError if something is wrong, or still missing; what is right has been kept in the latter case."""
    inputs = Inputs(aws)
    _ = aws.account
    missing = inputs.choose(chosen)
    if missing and sys.stdin.isatty():
        missing = inputs.choose(_ask(missing))
    given = inputs.given()
    for name, parameter in PARAMETERS.items():
        say(f"{name:26} {given.get(name, 'MISSING'):40} {parameter.description}")
    if missing:
        raise DeployError(
            f"still missing: {', '.join(missing)}; the rest is kept. "
            f'make configure STAGE={aws.stage.name} SET="{missing[0]}={PARAMETERS[missing[0]].example}"'
        )


def _ask(names: list[str]) -> dict[str, str]:
    """An empty answer leaves it missing."""
    answers = {name: input(f"{name} ({PARAMETERS[name].description}): ").strip() for name in names}
    return {name: answer for name, answer in answers.items() if answer}


def main() -> None:
    parser = stage_parser("configure", __doc__)
    parser.add_argument("--set", default="", metavar="'NAME=VALUE …'", help="any number of them")
    arguments = parser.parse_args()
    run(lambda: configure(Aws(stage_called(arguments.stage)), parse(arguments.set)))


if __name__ == "__main__":
    main()
