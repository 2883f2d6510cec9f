"""`make rotate`: exchanges one secret of a stage, without a deploy and without a refused request."""

from infra.aws import Aws
from infra.command import run, stage_parser
from infra.deploy_lock import DeployLock
from infra.functions import Progress
from infra.rotations import HEARD_AFTER_S, ROTATIONS, Rotation
from infra.stages import DeployError, stage_called
from local.terminal import say, step


def rotate(aws: Aws, which: str, progress: Progress = say, *, heard_after_s: float = HEARD_AFTER_S) -> None:
    """Raises DeployError; run again, it goes on, or makes one more."""
    if which not in ROTATIONS:
        raise DeployError(f"{which!r} is no secret to rotate: choose one with SECRET=, of {', '.join(ROTATIONS)}")
    with (
        step(f"account {aws.account}: {which} of {aws.stage.name} rotated", progress),
        DeployLock(aws.ssm, aws.stage).held(f"make rotate SECRET={which}"),
    ):
        ROTATIONS[which](Rotation(aws, progress, heard_after_s))


def main() -> None:
    parser = stage_parser("rotate", __doc__)
    parser.add_argument("--secret", required=True, metavar="SECRET", help=", ".join(ROTATIONS))
    parser.add_argument(
        "--heard-after",
        type=float,
        default=HEARD_AFTER_S,
        metavar="S",
        help="seconds until every instance of the site has read a changed secret",
    )
    arguments = parser.parse_args()
    run(
        lambda: rotate(
            Aws(stage_called(arguments.stage)), arguments.secret, heard_after_s=max(arguments.heard_after, 0.0)
        )
    )


if __name__ == "__main__":
    main()
