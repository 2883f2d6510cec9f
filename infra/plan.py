"""`make plan`: tells what `make deploy` would do to a stage, and does none of it.

It reads, and has CloudFormation work out changes that it throws away again. The package is made, as nothing else tells
its size and its digest.
"""

from infra.app_secret import AppSecret
from infra.aws import Aws
from infra.command import run, stage_parser
from infra.edge_secret import edge_secret_version
from infra.functions import Progress, running
from infra.inputs import Inputs
from infra.outputs import read_outputs
from infra.package import build
from infra.stack_status import NEVER_LIVED, find, outputs
from infra.stacks import preview
from infra.stages import DeployError, stage_called
from infra.templates import PARTS, wanted
from infra.uploads import code_key, digest_of
from local.terminal import say, step


def plan(aws: Aws, progress: Progress = say, *, is_package_wanted: bool = True) -> bool:
    """Tell it all, what is missing included; whether nothing is."""
    stage = aws.stage
    progress(f"account {aws.account}, region {stage.region}")
    is_complete = _tell_inputs(aws, progress)
    is_complete &= _tell_secrets(aws, progress)
    known = read_outputs(aws)
    if is_package_wanted:
        with step("package", progress):
            package = build(stage, progress=progress)
        known["CodeKey"] = code_key("site", digest_of(package.site))
        known["AuthorizerKey"] = code_key("authorizer", digest_of(package.authorizer))
        known["Release"] = package.release
    for part in PARTS:
        _tell_stack(aws, part, known, progress, is_complete=is_complete)
    command = "update" if running(aws, stage.function) else "deploy"
    progress(f"function {stage.function}: zappa {command}, {known.get('Release', 'another release')}")
    return is_complete


def _tell_inputs(aws: Aws, progress: Progress) -> bool:
    missing = Inputs(aws).missing()
    for name in missing:
        progress(f"input {name}: MISSING")
    if not missing:
        progress("inputs: all there")
    return not missing


def _tell_secrets(aws: Aws, progress: Progress) -> bool:
    secret = AppSecret(aws.secrets, aws.stage)
    if not secret.exists():
        progress(f"secret {secret.name}: made by the first deploy, which then asks for the vendors' keys")
        return True
    lacking = secret.lacking()
    progress(f"secret {secret.name}: " + (f"LACKS {', '.join(lacking)}" if lacking else "all there"))
    return not lacking


def _tell_stack(aws: Aws, part: str, known: dict[str, str], progress: Progress, *, is_complete: bool) -> None:
    name = aws.stage.stack(part)
    stack = find(aws.cloudformation, name)
    if stack is None or stack["StackStatus"] in NEVER_LIVED:
        progress(f"stack {name}: to be created")
        return
    known |= outputs(stack)
    if part == "edge":
        known["EdgeSecretVersion"] = edge_secret_version(aws, AppSecret(aws.secrets, aws.stage))
    if not is_complete:
        progress(f"stack {name}: {stack['StackStatus'].lower()}; its changes show once nothing is missing")
        return
    try:
        changes = preview(aws.cloudformation, wanted(aws.cloudformation, aws.stage, part, known))
    except DeployError as error:  # such as a value that another stack will put out
        progress(f"stack {name}: {error}")
        return
    progress(f"stack {name}: " + (f"{len(changes)} changes" if changes else "no changes"))
    for change in changes:
        progress(f"  {change}")


def _main(stage: str, *, is_package_wanted: bool) -> None:
    if not plan(Aws(stage_called(stage)), is_package_wanted=is_package_wanted):
        raise DeployError(f"make deploy STAGE={stage} would stop: what is missing stands above")


def main() -> None:
    parser = stage_parser("plan", __doc__)
    parser.add_argument("--no-package", action="store_true", help="do not make the package: the code counts as changed")
    arguments = parser.parse_args()
    run(lambda: _main(arguments.stage, is_package_wanted=not arguments.no_package))


if __name__ == "__main__":
    main()
