"""`make rollback`: has the site run the version before its present one again, and looks whether that works.

The database stays as it is: its migrations suit the version before, too.
"""

import os

from infra.aws import Aws
from infra.command import run, stage_parser
from infra.deploy import VIA
from infra.deploy_lock import DeployLock
from infra.functions import Progress, not_deployed, running, versions_back_before
from infra.inputs import Inputs
from infra.outputs import read_outputs, write_outputs
from infra.smoke import PATIENCE_S, site_at, smoke
from infra.stages import DeployError, stage_called
from infra.uploads import release_of
from infra.zappa_cli import roll_back
from local.terminal import say, step


def rollback(aws: Aws, progress: Progress = say, *, via: str | None = None, patience_s: float = PATIENCE_S) -> None:
    """To the release before the running one, never to one that was rolled back from. Raises DeployError."""
    stage, lock = aws.stage, DeployLock(aws.ssm, aws.stage)
    with step(f"account {aws.account}, {stage.region}", progress):
        domain = Inputs(aws).complete()["alias-domain"]
        outputs = read_outputs(aws)
    with lock.held("make rollback"):
        now = running(aws, stage.function)
        if now is None:
            raise not_deployed(aws, stage.function)
        back = versions_back_before(aws, stage.function, now)
        if back is None:
            raise DeployError(f"no earlier version of {stage.function} is kept to roll back to")
        with step(f"zappa rollback {stage.name}", progress):
            roll_back(aws, back, progress)
        code = running(aws, stage.function)
        release = release_of(aws, outputs["CodeBucket"], code) if code else None
        if release:
            write_outputs(aws, {"Release": release})
        site = site_at(domain, via, outputs.get("DistributionDomain"))
        name = release or "the version before"
        try:
            with step(f"smoke test of {domain}", progress):
                smoke(aws, site, release, progress, patience_s=patience_s)
        except DeployError as error:
            raise DeployError(
                f"{error}; {name} runs now: make rollback goes further back, make deploy forward"
            ) from error
    progress(f"{stage.name} runs {name}")


def main() -> None:
    parser = stage_parser("rollback", __doc__)
    parser.add_argument("--via", default=os.environ.get(VIA) or None, help=f"URL by which to reach the site (${VIA})")
    arguments = parser.parse_args()
    run(lambda: rollback(Aws(stage_called(arguments.stage)), via=arguments.via))


if __name__ == "__main__":
    main()
