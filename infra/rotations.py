"""How each secret of a stage is exchanged while the site goes on answering.

An instance of the site knows a changed secret after at most five minutes. So whatever is to be believed is announced
first, then everybody is given the time to hear of it, and only then is it used; what was used before is believed on.
Every step leaves a state in which the site works, and from which the next run goes on.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from infra.app_secret import AppSecret
from infra.aws import Aws
from infra.functions import Progress, manage
from infra.media_keys import MediaKeys
from infra.outputs import read_outputs, write_outputs
from infra.stack_status import find
from infra.stacks import bring_up
from infra.stages import DeployError
from infra.templates import wanted
from local.terminal import step

HEARD_AFTER_S = 310.0  # secrets are kept for 300 s (giftflick/secrets.py)
FALLBACKS = 2


@dataclass(frozen=True)
class Rotation:
    """One stage's rotations; `heard_after_s` is how long everybody is given to hear of an announcement."""

    aws: Aws
    progress: Progress
    heard_after_s: float = HEARD_AFTER_S

    def database(self) -> None:
        """The login that is not in use gets a new password and comes into use; the other one works until next time."""
        manage(self.aws, self.aws.stage.release_function, "rotate_database", self.progress)

    def console(self) -> None:
        """New passwords for the query console's logins; a question that is being answered goes on."""
        manage(self.aws, self.aws.stage.release_function, "rotate_console", self.progress)

    def renderer_key(self) -> None:
        """A second access key for the renderer's user; somebody has to enter it there before the first one ends."""
        stage = self.aws.stage
        manage(self.aws, stage.function, "renderer_key --action=issue", self.progress)
        self.progress(
            f"TO DO: enter the access key in the secret {stage.secret('renderer')} in the renderer's dashboard "
            f'(integrations, AWS S3), then make invoke STAGE={stage.name} CMD="renderer_key --action=retire"'
        )

    def secret_key(self) -> None:
        """Signs sessions and links. The two before it are still believed, the third is not."""
        new = secrets.token_urlsafe(64)
        values = self._secret.current()
        old, fallbacks = values["SECRET_KEY"], _words(values.get("SECRET_KEY_FALLBACKS", ""))
        self._secret.write({**values, "SECRET_KEY_FALLBACKS": ",".join([new, *fallbacks])})
        self._let_it_be_heard("new key known to every instance")
        kept = ",".join([old, *fallbacks][:FALLBACKS])
        self._secret.write({**self._secret.current(), "SECRET_KEY": new, "SECRET_KEY_FALLBACKS": kept})
        self.progress("signed with the new key; what the two before it signed is believed on")

    def edge(self) -> None:
        """The header by which the site knows CloudFront: both are believed until CloudFront sends the new one only."""
        values = self._secret.current()
        self._deployed_parameters()
        if not values.get("EDGE_SECRET_NEXT"):  # else an earlier run was cut short after this
            self._secret.write(
                {**values, "EDGE_SECRET": secrets.token_urlsafe(32), "EDGE_SECRET_NEXT": values["EDGE_SECRET"]}
            )
        self._let_it_be_heard("both headers known to every instance")
        self._bring_up_edge(self._secret.current_version())
        self._wait_for_distribution()
        self._secret.write({**self._secret.current(), "EDGE_SECRET_NEXT": ""})
        self.progress("CloudFront sends the new header, the old one is believed no more")

    def media(self) -> None:
        """The key that signs films' addresses. The one before it is trusted on, until the next rotation."""
        keys = MediaKeys(self.aws, self._secret)
        old = keys.current_id()
        self._deployed_parameters()
        new = keys.create()
        keys.trust([new.id, old])
        self._bring_up_edge(edge_version=None)
        self._wait_for_distribution()
        keys.sweep(keep=[new.id, old])  # only now is none of the others in the key group any more
        self._let_it_be_heard("both keys trusted all over CloudFront")
        keys.sign_with(new)
        self.progress("films' addresses are signed with the new key; those signed with the one before it open on")

    @property
    def _secret(self) -> AppSecret:
        return AppSecret(self.aws.secrets, self.aws.stage)

    def _bring_up_edge(self, edge_version: str | None) -> None:
        """With the code that runs; only what the header or the trusted keys are may change."""
        known = read_outputs(self.aws) | self._deployed_parameters()
        if edge_version:
            known["EdgeSecretVersion"] = edge_version
        outputs = bring_up(
            self.aws.cloudformation, wanted(self.aws.cloudformation, self.aws.stage, "edge", known), self.progress
        )
        write_outputs(self.aws, outputs)

    def _deployed_parameters(self) -> dict[str, str]:
        """Raises DeployError where there is no edge stack: then nothing has been changed yet."""
        stack = find(self.aws.cloudformation, self.aws.stage.stack("edge"))
        if stack is None:
            raise DeployError(
                f"{self.aws.stage.name} is not deployed yet: make deploy STAGE={self.aws.stage.name} first"
            )
        return {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in stack.get("Parameters", [])}

    def _wait_for_distribution(self) -> None:
        distribution = read_outputs(self.aws)["DistributionId"]
        with step("everywhere at CloudFront", self.progress):
            self.aws.cloudfront.get_waiter("distribution_deployed").wait(Id=distribution)

    def _let_it_be_heard(self, what: str) -> None:
        with step(what, self.progress):
            time.sleep(self.heard_after_s)


ROTATIONS: dict[str, Callable[[Rotation], None]] = {
    "database": Rotation.database,
    "console": Rotation.console,
    "secret-key": Rotation.secret_key,
    "edge": Rotation.edge,
    "media": Rotation.media,
    "renderer-key": Rotation.renderer_key,
}


def _words(text: str) -> list[str]:
    return [word for word in text.split(",") if word]
