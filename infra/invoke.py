"""`make invoke`: runs a management command in the stage's function, as `zappa manage` does; its exit code is ours."""

import subprocess
import sys

from infra.aws import Aws
from infra.command import run, stage_parser
from infra.functions import not_deployed, running
from infra.stages import PROJECT, DeployError, stage_called


def invoke(aws: Aws, line: str) -> int:
    """Show what the command says, and return Zappa's exit code. Raises DeployError if there is no line or function."""
    if not line.strip():
        raise DeployError(f'give a command, as in make invoke STAGE={aws.stage.name} CMD="stats"')
    _ = aws.account  # an ended session is told in one line here, and in a traceback by Zappa; so is the next
    if running(aws, aws.stage.function) is None:
        raise not_deployed(aws, aws.stage.function)
    command = [sys.executable, "-m", "zappa.cli", "manage", aws.stage.name, line]
    return subprocess.run(command, cwd=PROJECT, env=aws.child_environment(), check=False).returncode


def main() -> None:
    parser = stage_parser("invoke", __doc__)
    parser.add_argument("line", metavar="CMD", help="one line, values without blanks: 'stats'")
    arguments = parser.parse_args()
    run(lambda: sys.exit(invoke(Aws(stage_called(arguments.stage)), arguments.line)))


if __name__ == "__main__":
    main()
