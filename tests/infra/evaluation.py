"""A template as CloudFormation reads it for one stage: its conditions decided, its choices made."""

from collections.abc import Mapping
from typing import Any

from infra.parameters import PARAMETERS
from infra.policies import Template, read_template
from infra.stages import stage_called

STAGES = ("dev", "staging", "production")
PARTS = ("network", "data", "release", "edge", "watch")  # in the order in which they are brought up
TEMPLATES: dict[str, Template] = {part: read_template(part) for part in (*PARTS, "ci")}


def resources_in(part: str, stage: str, **parameters: str) -> dict[str, Any]:
    """The resources that the stage gets, with its defaults for the parameters and `parameters` over them."""
    template = TEMPLATES[part]
    given = {_pascal(name): one.defaults[stage] for name, one in PARAMETERS.items() if stage in one.defaults}
    names = {"Stage": stage, "AWS::Region": stage_called(stage).region, **given, **parameters}
    conditions = {name: _is_true(test, names) for name, test in template.get("Conditions", {}).items()}
    return {
        name: _chosen(resource, template, names, conditions)
        for name, resource in template["Resources"].items()
        if conditions.get(resource.get("Condition"), True)
    }


def of_type(resources: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The properties of all resources of that type."""
    return {name: one["Properties"] for name, one in resources.items() if one["Type"] == f"AWS::{kind}"}


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("-"))


def _is_true(test: Mapping[str, Any], names: Mapping[str, str]) -> bool:
    [(function, arguments)] = test.items()
    if function == "Fn::Not":
        return not _is_true(arguments[0], names)
    assert function == "Fn::Equals"
    left, right = (names[side["Ref"]] if isinstance(side, dict) else side for side in arguments)
    return bool(left == right)


def _chosen(node: Any, template: Template, names: Mapping[str, str], conditions: Mapping[str, bool]) -> Any:
    """With `If`, `FindInMap` and references to parameters replaced; what is `AWS::NoValue` is left out."""
    if isinstance(node, list):
        return [_chosen(item, template, names, conditions) for item in node]
    if not isinstance(node, dict):
        return node
    match next(iter(node.items()), None):
        case "Ref", name if name in names:
            return names[name]
        case "Fn::If", [condition, yes, no]:
            return _chosen(yes if conditions[condition] else no, template, names, conditions)
        case "Fn::FindInMap", [mapping, *keys]:
            first, second = (_chosen(key, template, names, conditions) for key in keys)
            return template["Mappings"][mapping][first][second]
    chosen = {key: _chosen(value, template, names, conditions) for key, value in node.items()}
    return {key: value for key, value in chosen.items() if value != {"Ref": "AWS::NoValue"}}
