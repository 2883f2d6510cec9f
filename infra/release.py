"""Takes a package live: code to the bucket, the database to its version, then the site's function by Zappa."""

from dataclasses import dataclass

from infra.aws import Aws
from infra.environment import make_environment, read_parameters
from infra.functions import Code, Progress, manage, running, versions_back_to, wait_until_updated
from infra.outputs import write_outputs
from infra.package import Package
from infra.stages import DeployError
from infra.uploads import release_of, upload_code, upload_static
from infra.zappa_cli import roll_back, zappa
from local.terminal import step

OWNERS = {  # variable: output
    "DATABASE_ADMIN_SECRET": "DatabaseAdminSecret",
    "DATABASE_HOST": "DatabaseHost",
    "DATABASE_PORT": "DatabasePort",
}
PREPARE = "prepare_database"
CHECK = "check --deploy --fail-level=WARNING"
MIGRATE = "migrate"
CONSOLE = "prepare_console"  # the rights to what is new


@dataclass(frozen=True)
class UploadedCode:
    """Where a package's zips are in the stage's bucket."""

    bucket: str
    site_key: str
    authorizer_key: str
    release: str

    @property
    def parameters(self) -> dict[str, str]:
        """What templates are told of it."""
        return {"CodeKey": self.site_key, "AuthorizerKey": self.authorizer_key, "Release": self.release}


def upload_package(aws: Aws, bucket: str, package: Package) -> UploadedCode:
    site = upload_code(aws, bucket, "site", package.site, package.release)
    authorizer = upload_code(aws, bucket, "authorizer", package.authorizer, package.release)
    return UploadedCode(bucket, site, authorizer, package.release)


def give_environment(aws: Aws, progress: Progress) -> None:
    """Tell the release function what the site's is told, and how the database's owner logs in.

    It is no part of the release stack: Zappa is given the same map, and there shall be one.
    """
    function = aws.stage.release_function
    found = read_parameters(aws.stage, aws.ssm)
    made = make_environment(aws.stage, found.inputs, found.outputs)
    variables = {**made.variables, **{name: found.outputs[output] for name, output in OWNERS.items()}}
    with step(f"environment of {function}", progress):
        wait_until_updated(aws, function)
        there = aws.functions.get_function_configuration(FunctionName=function).get("Environment", {})
        if there.get("Variables") != variables:
            aws.functions.update_function_configuration(FunctionName=function, Environment={"Variables": variables})
            wait_until_updated(aws, function)


def prepare_database(aws: Aws, progress: Progress) -> None:
    """Bring the database to the new release's version, in the release function; the old code goes on with it.

    Raises DeployError at the first command that fails: the running version has not been touched.
    """
    for line in (PREPARE, CHECK, MIGRATE, CONSOLE):
        with step(f"{line.split()[0]} in {aws.stage.release_function}", progress):
            manage(aws, aws.stage.release_function, line, progress)


def put_live(aws: Aws, code: UploadedCode, package: Package, static_bucket: str, progress: Progress) -> Code:
    """Static files first, for the new pages name them; then the code takes traffic. Returns what runs now."""
    with step("static files", progress):
        progress(f"  {upload_static(aws, static_bucket, package.static)} new ones")
    function = aws.stage.function
    command = "update" if running(aws, function) else "deploy"
    with step(f"zappa {command} {aws.stage.name}", progress):
        zappa(aws, command, aws.stage.name, "--zip", f"s3://{code.bucket}/{code.site_key}", progress=progress)
        wait_until_updated(aws, function)
    now = running(aws, function)
    if now is None:
        raise DeployError(f"zappa {command} ended well, but there is no function {function}: run the command again")
    return now


def take_back(aws: Aws, bucket: str, before: Code | None, progress: Progress) -> str:
    """After a failed deploy, have the code run again that ran before it; one sentence about what came of it.

    Raises DeployError if that fails, too.
    """
    function = aws.stage.function
    now = running(aws, function)
    if now is None:
        return "the site does not run yet"
    if before is None:
        return "there is no version before this one to roll back to; mend it, then run make deploy again"
    if now.sha256 == before.sha256:
        same = release_of(aws, bucket, before) or "the same code"
        return f"{same} ran before and runs on: make rollback STAGE={aws.stage.name} has the version before it run"
    back = versions_back_to(aws, function, before)
    if back is None:
        raise DeployError("the version that ran before is no longer kept: mend this one, then run make deploy again")
    with step(f"zappa rollback {aws.stage.name}", progress):
        roll_back(aws, back, progress)
    release = release_of(aws, bucket, before)
    if release:
        write_outputs(aws, {"Release": release})
    return f"rolled back to {release or 'the version before'}, which runs now"
