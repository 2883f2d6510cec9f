"""The stages of `zappa_settings.json`, and what things are called in each."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.errors import LocalError

PROJECT = Path(__file__).resolve().parent.parent
SETTINGS = PROJECT / "zappa_settings.json"
BASE = "base"


class DeployError(LocalError):
    """Why a command on AWS cannot go on, in one line that says what to do."""


@dataclass(frozen=True)
class Stage:
    name: str
    region: str
    runtime: str

    @property
    def function(self) -> str:
        return f"giftflick-{self.name}"

    @property
    def release_function(self) -> str:
        return f"{self.function}-release"

    def stack(self, part: str) -> str:
        return f"{self.function}-{part}"

    def parameter(self, name: str) -> str:
        return f"/giftflick/{self.name}/{name}"

    def output(self, name: str) -> str:
        return self.parameter(f"outputs/{name}")

    def secret(self, name: str) -> str:
        return f"giftflick/{self.name}/{name}"


def read_settings(name: str) -> dict[str, Any]:
    """A stage's own settings over those it extends. Raises DeployError."""
    stages = json.loads(SETTINGS.read_text())
    if name not in stages or name == BASE:
        known = ", ".join(stage for stage in stages if stage != BASE)
        raise DeployError(f"there is no stage {name!r}: choose one with STAGE=, of {known}")
    return {**stages[BASE], **stages[name]}


def stage_called(name: str) -> Stage:
    """Raises DeployError."""
    settings = read_settings(name)
    return Stage(name, settings["aws_region"], settings["runtime"])
