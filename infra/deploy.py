"""`make deploy`: brings a stage to this checkout's version, in the one order that never breaks what is running.

Stacks, secrets and database first, each of them fit for the old code and the new; then the code; then a look at the
site itself. Everything may be repeated: what is already so is left alone, what was left half done is finished.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from infra.app_secret import AppSecret
from infra.aws import Aws
from infra.aws_errors import explained
from infra.command import run, stage_parser
from infra.deploy_lock import DeployLock
from infra.edge_secret import edge_secret_version
from infra.functions import Code, Progress, running
from infra.inputs import Inputs
from infra.media_keys import MediaKeys
from infra.outputs import write_outputs
from infra.package import Package, build, require_python_of
from infra.release import UploadedCode, give_environment, prepare_database, put_live, take_back, upload_package
from infra.smoke import PATIENCE_S, site_at, smoke
from infra.stacks import bring_up
from infra.stages import DeployError, stage_called
from infra.templates import wanted
from local.errors import LocalError
from local.terminal import say, step

VIA = "GIFTFLICK_VIA"


@dataclass
class Deploy:
    """One run of it. `known` grows with each stack's outputs."""

    aws: Aws
    progress: Progress = say
    via: str | None = None
    patience_s: float = PATIENCE_S
    make_package: Callable[..., Package] = build
    known: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lock = DeployLock(self.aws.ssm, self.aws.stage)

    def run(self) -> None:
        """Raises DeployError; the version that ran before runs again by then, or still."""
        require_python_of(self.aws.stage)  # now, and not after the 20 minutes that the first stacks take
        with step(f"account {self.aws.account}, {self.aws.stage.region}", self.progress):
            inputs = Inputs(self.aws).complete()
        secret = AppSecret(self.aws.secrets, self.aws.stage)
        if secret.exists():
            refuse_lacking(secret)
        with self._lock.held("make deploy"):
            before = running(self.aws, self.aws.stage.function)
            self.stack("network")
            self.stack("data")
            self._fill_secrets(secret)
            package = self.make_package(self.aws.stage, progress=self.progress)
            code = self._prepare_release(package)
            try:
                self._take_traffic(code, package, secret, inputs["alias-domain"])
            except (LocalError, BotoCoreError, ClientError) as error:
                raise DeployError(self._undone(before, error)) from error
        self.progress(f"{self.aws.stage.name} runs {package.release}")

    def stack(self, part: str) -> None:
        """Bring it up, and its outputs into Parameter Store."""
        self._lock.refresh()
        stack = wanted(self.aws.cloudformation, self.aws.stage, part, self.known)
        outputs = bring_up(self.aws.cloudformation, stack, self.progress)
        write_outputs(self.aws, outputs)
        self.known |= outputs

    def _fill_secrets(self, secret: AppSecret) -> None:
        with step(f"secret {secret.name}", self.progress):
            secret.fill_generated()
            MediaKeys(self.aws, secret).ensure()
        refuse_lacking(secret)

    def _prepare_release(self, package: Package) -> UploadedCode:
        with step("code uploaded", self.progress):
            code = upload_package(self.aws, self.known["CodeBucket"], package)
        self.known |= code.parameters
        self.stack("release")
        give_environment(self.aws, self.progress)
        self._lock.refresh()
        prepare_database(self.aws, self.progress)
        return code

    def _take_traffic(self, code: UploadedCode, package: Package, secret: AppSecret, domain: str) -> None:
        self._lock.refresh()
        live = put_live(self.aws, code, package, self.known["StaticBucket"], self.progress)
        self.known["FunctionArn"] = live.arn
        self.known["EdgeSecretVersion"] = edge_secret_version(self.aws, secret)
        self.stack("edge")
        self.stack("watch")
        self._lock.refresh()
        site = site_at(domain, self.via, self.known.get("DistributionDomain"))
        with step(f"smoke test of {domain}", self.progress):
            smoke(self.aws, site, package.release, self.progress, patience_s=self.patience_s)

    def _undone(self, before: Code | None, error: Exception) -> str:
        reason = explained(error) if isinstance(error, BotoCoreError | ClientError) else str(error)
        try:
            outcome = take_back(self.aws, self.known["CodeBucket"], before, self.progress)
        except (LocalError, BotoCoreError, ClientError) as second:
            told = explained(second) if isinstance(second, BotoCoreError | ClientError) else str(second)
            outcome = f"and rolling back failed: {told}"
        return f"{reason}; {outcome}"


def refuse_lacking(secret: AppSecret) -> None:
    """Raises DeployError naming every value that a person must bring first."""
    lacking = secret.lacking()
    if lacking:
        stage = secret.stage.name
        raise DeployError(
            f"{secret.name} lacks {', '.join(lacking)}: make secret STAGE={stage} NAME=… for each, then deploy again"
        )


def main() -> None:
    parser = stage_parser("deploy", __doc__)
    parser.add_argument(
        "--via",
        default=os.environ.get(VIA) or None,
        help=f"URL by which the smoke test reaches the site while its name has no DNS record (${VIA})",
    )
    parser.add_argument(
        "--patience", type=float, default=PATIENCE_S, metavar="S", help="seconds until the smoke test gives up"
    )
    arguments = parser.parse_args()
    run(lambda: Deploy(Aws(stage_called(arguments.stage)), via=arguments.via, patience_s=arguments.patience).run())


if __name__ == "__main__":
    main()
