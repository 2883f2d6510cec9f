"""Reads templates: YAML with CloudFormation's short forms, and JSON, which is YAML too."""

import re
from typing import Any

import yaml
from moto.cloudformation.exceptions import ValidationError

from local.aws.identities import REGION

DEEP = re.compile(r"(\$\{\w+\.\w+)\.")  # ${Cluster.Endpoint.Port}


class _Loader(yaml.SafeLoader):
    """Knows !Ref, !Sub and their like, and leaves dates alone."""


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    else:
        value = node.value.split(".", 1) if suffix == "GetAtt" else node.value
    if suffix == "GetAZs":
        value = value or REGION  # moto would take another one
    if suffix == "Sub" and isinstance(value, str):
        value = DEEP.sub(r"\1:", value)  # moto would cut what follows; `get_cfn_attribute` knows
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda _loader, node: node.value)


def read(text: str) -> dict[str, Any]:
    """Raises CloudFormation's ValidationError."""
    try:
        template = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise ValidationError(message=f"Template format error: {error}") from error
    if not isinstance(template, dict) or not template.get("Resources"):
        raise ValidationError(message="Template format error: At least one Resources member must be defined.")
    return template
