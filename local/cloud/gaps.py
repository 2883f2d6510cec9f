"""What moto gets wrong about the services that we deploy to, mended in place."""

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket


def mend() -> None:
    """Before moto's first call."""
    # moto sees neither whom a bucket's policy is about nor its conditions: "deny whatever comes without TLS" would deny
    # everything. What CloudFront may read, the edge asks for itself.
    FakeBucket.get_permission = lambda *_call: PermissionResult.NEUTRAL  # type: ignore[method-assign]
