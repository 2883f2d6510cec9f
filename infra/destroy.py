"""`make destroy`: removes a stage and all its data, for ever. Production is refused.

The order is the deploy's, backwards. What says where the rest is goes last, so that a destroy that was cut short is
finished by the next one.
"""

import os
import sys

from infra import leftovers
from infra.app_secret import AppSecret
from infra.aws import Aws
from infra.command import run, stage_parser
from infra.deploy_lock import DeployLock
from infra.functions import Progress, running
from infra.media_keys import MediaKeys
from infra.outputs import read_outputs
from infra.stack_status import find, outputs
from infra.stacks import tear_down
from infra.stages import DeployError, Stage, stage_called
from infra.templates import PARTS
from infra.zappa_cli import zappa
from local.terminal import say, step

REFUSED = frozenset({"production"})
BUCKETS = ("MediaBucket", "StaticBucket", "CodeBucket")


def destroy(aws: Aws, progress: Progress = say, *, interfaces_pause_s: float = leftovers.INTERFACES_PAUSE_S) -> None:
    """Raises DeployError if something cannot be removed; the next run goes on from there."""
    stage, lock = aws.stage, DeployLock(aws.ssm, aws.stage)
    refuse_protected(stage)
    with step(f"account {aws.account}, {stage.region}", progress):
        known = _everything_known(aws)
    with lock.held("make destroy"):
        for part in reversed(PARTS):
            lock.refresh()
            if part == "release":
                _undeploy(aws, progress)  # what names the site's function is gone by now
            if part == "data":
                _let_interfaces_go(aws, known, progress, interfaces_pause_s)
                _clear_the_way(aws, known, progress)
            tear_down(aws.cloudformation, stage.stack(part), progress)
        _remove_kept(aws, known, progress)
    _tell("parameters", leftovers.delete_parameters(aws), progress)
    progress(f"nothing of {stage.name} is left in account {aws.account}, {stage.region}")


def refuse_protected(stage: Stage) -> None:
    if stage.name in REFUSED:
        raise DeployError(f"{stage.name} is never destroyed by a command: docs/operations.md says how people do it")


def confirm(stage: Stage, given: str | None) -> None:
    """Raises DeployError unless somebody has said the stage's name."""
    if given is None and sys.stdin.isatty():
        given = input(f"This removes {stage.name} with all its gifts, films and keys, for ever. Its name: ").strip()
    if given != stage.name:
        raise DeployError(f"nothing was removed: repeat the stage's name, CONFIRM={stage.name}, if it shall go")


def _everything_known(aws: Aws) -> dict[str, str]:
    """What the stacks put out, also those that are gone by now."""
    known = read_outputs(aws)
    for part in PARTS:
        stack = find(aws.cloudformation, aws.stage.stack(part))
        known |= outputs(stack) if stack else {}
    return known


def _undeploy(aws: Aws, progress: Progress) -> None:
    if running(aws, aws.stage.function):
        with step(f"zappa undeploy {aws.stage.name}", progress):
            zappa(aws, "undeploy", aws.stage.name, "--yes", progress=progress)


def _let_interfaces_go(aws: Aws, known: dict[str, str], progress: Progress, pause_s: float) -> None:
    for group in _present(known, "FunctionSecurityGroupId"):
        with step("Lambda's network interfaces removed", progress):
            leftovers.wait_for_interfaces(aws, group, pause_s=pause_s)


def _clear_the_way(aws: Aws, known: dict[str, str], progress: Progress) -> None:
    """What CloudFormation would not delete: buckets that are not empty, a user with access keys."""
    for bucket in _present(known, *BUCKETS):
        _tell(f"objects of {bucket}", leftovers.empty_bucket(aws, bucket), progress)
    for user in _present(known, "RendererUser"):
        _tell(f"access keys of {user}", leftovers.delete_access_keys(aws, user), progress)


def _remove_kept(aws: Aws, known: dict[str, str], progress: Progress) -> None:
    """What templates keep when their stack goes, and what commands have made."""
    for bucket in _present(known, *BUCKETS):
        _tell(f"bucket {bucket}", leftovers.delete_bucket(aws, bucket), progress)
    for table in _present(known, "KeyTable"):
        _tell(f"table {table}", leftovers.delete_table(aws, table), progress)
    for cluster in _present(known, "DatabaseCluster"):
        _tell("snapshots", leftovers.delete_snapshots(aws, cluster), progress)
    _tell("CloudFront public keys", MediaKeys(aws, AppSecret(aws.secrets, aws.stage)).sweep(), progress)
    _tell("secrets", leftovers.delete_secrets(aws), progress)
    _tell("log groups", leftovers.delete_log_groups(aws), progress)


def _present(known: dict[str, str], *names: str) -> list[str]:
    return [known[name] for name in names if known.get(name)]


def _tell(what: str, removed: int, progress: Progress) -> None:
    if removed:
        progress(f"  {what}: {removed} removed")


def main() -> None:
    parser = stage_parser("destroy", __doc__)
    parser.add_argument("--confirm", default=os.environ.get("CONFIRM"), metavar="STAGE", help="its name, once more")
    arguments = parser.parse_args()

    def command() -> None:
        stage = stage_called(arguments.stage)
        refuse_protected(stage)
        confirm(stage, arguments.confirm)
        destroy(Aws(stage))

    run(command)


if __name__ == "__main__":
    main()
