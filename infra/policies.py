"""Reads templates, and says what their identities may do: for the local AWS, and for tests.

Of CloudFormation's functions it resolves those that policies use.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml

FOLDER = Path(__file__).parent
REFERENCE = re.compile(r"\$\{([^!}]+)\}")

Template = dict[str, Any]
Statement = dict[str, Any]


class _Loader(yaml.SafeLoader):
    """Writes short functions out, `!Ref Bucket` as `{"Ref": "Bucket"}`, and leaves dates alone."""


def _function(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    argument: Any
    if isinstance(node, yaml.ScalarNode):
        argument = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        argument = loader.construct_sequence(node, deep=True)
    else:
        argument = loader.construct_mapping(cast("yaml.MappingNode", node), deep=True)
    if name == "GetAtt" and isinstance(argument, str):
        argument = argument.split(".", 1)
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": argument}


_Loader.add_multi_constructor("!", _function)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda _loader, node: node.value)


def parse_template(text: str) -> Template:
    """YAML with CloudFormation's short forms, or JSON, which is YAML too."""
    return yaml.load(text, _Loader)  # type: ignore[no-any-return]  # noqa: S506


def read_template(part: str) -> Template:
    """`infra/{part}.yaml`."""
    return parse_template((FOLDER / f"{part}.yaml").read_text())


def statements(template: Template, identity: str, names: Mapping[str, str]) -> list[Statement]:
    """All that the role or user may do: by the managed policies of the same template, and by its own.

    `names` has what references stand for: `{"Stage": "dev", "MediaBucket.Arn": "arn:aws:s3:::media", …}`. Raises
    KeyError for one that it lacks.
    """
    resources = template["Resources"]
    properties = resources[identity]["Properties"]
    managed = [resources[arn["Ref"]]["Properties"] for arn in properties.get("ManagedPolicyArns", [])]
    documents = [policy["PolicyDocument"] for policy in (*managed, *properties.get("Policies", []))]
    return [resolve(statement, names) for document in documents for statement in document["Statement"]]


def resolve(node: Any, names: Mapping[str, str]) -> Any:
    """The node with `Ref`, `Fn::GetAtt` and `Fn::Sub` replaced by what `names` has for them."""
    if isinstance(node, list):
        return [resolve(item, names) for item in node]
    if not isinstance(node, dict):
        return node
    match next(iter(node.items()), None):
        case "Ref", name:
            return names[name]
        case "Fn::GetAtt", path:
            return names[".".join(path)]
        case "Fn::Sub", text:
            return REFERENCE.sub(lambda found: names[found[1]], text)
    return {key: resolve(value, names) for key, value in node.items()}
