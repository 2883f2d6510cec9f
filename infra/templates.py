"""The templates of a stage's stacks, and the rule by which their parameters are filled.

`Stage` and `Runtime` are the stage's own; a parameter of an SSM type names the stage's input of the same name in kebab
case; any other is an output of a stack brought up before, or a value that the deploy knows.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from infra.stacks import Wanted
from infra.stages import DeployError, Stage

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

FOLDER = Path(__file__).parent
PARTS = ("network", "data", "release", "edge", "watch")  # in this order they depend on one another
FROM_SSM = "AWS::SSM::Parameter::Value<"
PROTECTED = "production"


def wanted(cloudformation: "CloudFormationClient", stage: Stage, part: str, known: Mapping[str, str]) -> Wanted:
    """The stack of that part, as its template and `known` have it. Raises DeployError naming every value that lacks."""
    template = (FOLDER / f"{part}.yaml").read_text()
    declared = cloudformation.get_template_summary(TemplateBody=template)["Parameters"]
    parameters: dict[str, str] = {}
    lacking: list[str] = []
    for parameter in declared:
        name = parameter["ParameterKey"]
        if name == "Stage":
            parameters[name] = stage.name
        elif name == "Runtime":
            parameters[name] = stage.runtime
        elif parameter["ParameterType"].startswith(FROM_SSM):
            parameters[name] = stage.parameter(kebab(name))
        elif name in known:
            parameters[name] = known[name]
        elif parameter.get("DefaultValue") is None:
            lacking.append(name)
    if lacking:
        raise DeployError(f"{part}.yaml needs {', '.join(lacking)}, which no stack before it puts out")
    tags = {"project": "giftflick", "stage": stage.name}
    return Wanted(stage.stack(part), template, parameters, tags, is_protected=stage.name == PROTECTED)


def kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
