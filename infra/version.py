"""`make version`: asks a stage's site which version it runs; red unless it is this checkout's."""

import os
from urllib.parse import urlsplit

from urllib3.exceptions import HTTPError

from infra.aws import Aws
from infra.command import run, stage_parser
from infra.deploy import VIA
from infra.outputs import read_outputs
from infra.package.project import read_release
from infra.smoke import site_at
from infra.stages import DeployError, stage_called
from local.terminal import say


def require_version(aws: Aws, wanted: str, via: str | None = None) -> None:
    """Raises DeployError unless /healthz shows `wanted`."""
    stage, outputs = aws.stage.name, read_outputs(aws)
    host = urlsplit(outputs.get("SiteUrl", "")).hostname
    if host is None:
        raise DeployError(f"{stage} is not deployed yet: make deploy STAGE={stage} first")
    try:
        status, health = site_at(host, via, outputs.get("DistributionDomain")).get("/healthz")
    except HTTPError as error:
        raise DeployError(f"{host} is out of reach: {error}") from error
    if status != 200 or not isinstance(health, dict):
        raise DeployError(f"{host}/healthz answers {status} without a version: make logs STAGE={stage} tells more")
    if health.get("version") != wanted:
        raise DeployError(
            f"{stage} runs {health.get('version')}, and this checkout is {wanted}: make deploy STAGE={stage} deploys it"
        )
    say(f"{stage} runs {wanted}")


def main() -> None:
    arguments = stage_parser("version", __doc__).parse_args()
    run(lambda: require_version(Aws(stage_called(arguments.stage)), read_release(), os.environ.get(VIA)))


if __name__ == "__main__":
    main()
