"""One command at a time changes a stage: a lock in Parameter Store, taken by a write that only the first can make."""

import getpass
import json
import platform
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from infra.aws_errors import code_of
from infra.stages import DeployError, Stage

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

STALE_AFTER = timedelta(minutes=90)  # longer than any single step: a stack is waited for an hour
GONE = "ParameterNotFound"
TAKEN = "ParameterAlreadyExists"

Clock = Callable[[], datetime]


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Claim:
    """Who holds the lock, for what, and when it was last heard of."""

    owner: str
    command: str
    at: str
    token: str

    def is_stale(self, now: datetime) -> bool:
        return now - datetime.fromisoformat(self.at) > STALE_AFTER


class DeployLock:
    """Its holder calls `refresh` at each step; who has not for 90 minutes is taken for dead."""

    def __init__(self, ssm: "SSMClient", stage: Stage, clock: Clock = now) -> None:
        self._ssm = ssm
        self._stage = stage
        self._name = stage.parameter("lock")
        self._clock = clock
        self._claim: Claim | None = None

    @contextmanager
    def held(self, command: str) -> Iterator[None]:
        """Hold it within the block. Raises DeployError, naming who does, if it is another's."""
        self.take(command)
        try:
            yield
        finally:
            self.release()

    def take(self, command: str) -> None:
        owner = f"{getpass.getuser()} on {platform.node()}"
        claim = Claim(owner, command, self._clock().isoformat(timespec="seconds"), secrets.token_hex(8))
        if not self._put_first(self._name, claim):
            holder = self._holder()
            if holder is None:  # released just now
                return self.take(command)
            if not holder.is_stale(self._clock()):
                raise self._busy(holder)
            self._inherit(holder, claim)
        self._claim = claim
        return None

    def refresh(self) -> None:
        """Say that its holder is alive. Raises DeployError if another has taken it for dead."""
        if self._claim is None:
            return
        holder = self._holder()
        if holder is None or holder.token != self._claim.token:
            raise DeployError(f"another command has taken over {self._stage.name}: look what it does, then repeat")
        self._claim = replace(self._claim, at=self._clock().isoformat(timespec="seconds"))
        self._write(self._claim)

    def release(self) -> None:
        """Harmless when it is another's by now."""
        claim, self._claim = self._claim, None
        holder = self._holder()
        if claim and holder and holder.token == claim.token:
            self._ssm.delete_parameter(Name=self._name)

    def _inherit(self, dead: Claim, claim: Claim) -> None:
        """Take a dead holder's place. Only one of several heirs gets the marker, and only while the dead one holds."""
        marker = f"{self._name}-of-{dead.token}"
        if not self._put_first(marker, claim):
            raise self._busy(dead)
        try:
            holder = self._holder()
            if holder and holder.token != dead.token:
                raise self._busy(holder)
            self._write(claim)
        finally:
            self._ssm.delete_parameter(Name=marker)

    def _put_first(self, name: str, claim: Claim) -> bool:
        try:
            self._ssm.put_parameter(Name=name, Value=json.dumps(asdict(claim)), Type="String", Overwrite=False)
        except ClientError as error:
            if code_of(error) == TAKEN:
                return False
            raise
        return True

    def _write(self, claim: Claim) -> None:
        self._ssm.put_parameter(Name=self._name, Value=json.dumps(asdict(claim)), Type="String", Overwrite=True)

    def _holder(self) -> Claim | None:
        try:
            return Claim(**json.loads(self._ssm.get_parameter(Name=self._name)["Parameter"]["Value"]))
        except ClientError as error:
            if code_of(error) == GONE:
                return None
            raise

    def _busy(self, holder: Claim) -> DeployError:
        return DeployError(
            f"{self._stage.name} is being changed by {holder.command} of {holder.owner}, last heard of at {holder.at}: "
            f"wait for its end. One that died is taken over after {STALE_AFTER // timedelta(minutes=1)} minutes, or "
            f"after aws ssm delete-parameter --name {self._name}"
        )
