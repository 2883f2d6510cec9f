"""A stage's inputs in Parameter Store: what people have chosen, and the defaults for what they have not."""

from collections.abc import Mapping

from infra.aws import Aws
from infra.parameters import PARAMETERS, completed, missing, problems, validate
from infra.stages import DeployError


class Inputs:
    """`infra/parameters.py` says which there are, and what they look like."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    def given(self) -> dict[str, str]:
        """Those that are in Parameter Store."""
        path = self._aws.stage.parameter("")
        pages = self._aws.ssm.get_paginator("get_parameters_by_path").paginate(Path=path)
        found = {entry["Name"].removeprefix(path): entry["Value"] for page in pages for entry in page["Parameters"]}
        return {name: value for name, value in found.items() if name in PARAMETERS}

    def missing(self) -> list[str]:
        """What people still have to choose."""
        return missing(completed(self._aws.stage, self.given()))

    def choose(self, chosen: Mapping[str, str]) -> list[str]:
        """Write what was chosen, and the defaults for the rest; the names of what is still missing.

        Raises DeployError, with nothing written, if something is unknown or malformed.
        """
        stage, given = self._aws.stage, self.given()
        values = completed(stage, {**given, **chosen})
        if wrong := problems(stage, values):
            raise DeployError(f"{'; '.join(wrong)}; nothing was written")
        self._write(given, values)
        return missing(values)

    def complete(self) -> dict[str, str]:
        """All of them, defaults written where there is nothing. Raises DeployError naming all that is amiss."""
        given = self.given()
        values = validate(self._aws.stage, given)
        self._write(given, values)
        return values

    def _write(self, there: Mapping[str, str], values: Mapping[str, str]) -> None:
        for name, value in values.items():
            if there.get(name) != value:
                name_in_ssm = self._aws.stage.parameter(name)
                self._aws.ssm.put_parameter(Name=name_in_ssm, Value=value, Type="String", Overwrite=True)
