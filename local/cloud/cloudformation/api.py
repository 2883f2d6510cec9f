"""Calls to the cloud's services with what a template says, fitted by AWS's own description of each operation."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import boto3
from botocore.model import ListShape, MapShape, Shape, StructureShape

from local.aws.identities import ROOT_KEY

Json = dict[str, Any]
DYNAMIC = re.compile(r"\{\{resolve:(ssm|secretsmanager):([^}]+)\}\}")
# A template's words for what services call otherwise, and what it may leave out though they ask for it.
PAIRS = """
    bucketname=bucket exposedheaders=exposeheaders family=dbparametergroupfamily groupdescription=description
    groupset=groups ipv6enabled=isipv6enabled key=tagkey keypolicy=policy maxage=maxageseconds
    origincustomheaders=customheaders policydocument=policy sseenabled=enabled
    serversideencryptionbydefault=applyserversideencryptionbydefault tags=tagging topicname=name value=tagvalue
"""
RENAMED = dict(pair.split("=") for pair in PAIRS.split())
DEFAULTS: Json = {"Comment": "", "Enabled": True, "HTTPPort": 80, "HTTPSPort": 443, "MaxCount": 1, "MinCount": 1}


class UnfitError(Exception):
    """What a template says has no place here, and nothing is passed over in silence."""


class Api:
    """All services of one region, as root. Operations are `service.Operation`, in any case."""

    def __init__(self, endpoint: str, region: str) -> None:
        session = boto3.Session(ROOT_KEY.id, ROOT_KEY.secret, region_name=region)
        self._client = cache(lambda service: session.client(service, endpoint_url=endpoint))

    def shape(self, operation: str) -> StructureShape | None:
        """What it takes; None if there is no such operation."""
        service, _, name = operation.partition(".")
        model = self._client(service).meta.service_model
        known = {known.lower(): known for known in model.operation_names}.get(name.lower())
        return model.operation_model(known).input_shape if known else None

    def required(self, operation: str) -> set[str]:
        shape = self.shape(operation)
        return set(shape.required_members) if shape else set()

    def argument(self, operation: str, key: str) -> str | None:
        """What the operation calls a template's property; None if it does not take it."""
        return _member(self.shape(operation), key)

    def call(self, operation: str, properties: Mapping[str, Any]) -> Json:
        """Raises UnfitError, and botocore's errors for what the service refuses."""
        shape = self.shape(operation)
        if shape is None:
            raise UnfitError(f"there is no {operation}")
        service, _, name = operation.partition(".")
        client = self._client(service)
        method = {known.lower(): method for method, known in client.meta.method_to_api_mapping.items()}[name.lower()]
        answer: Json = getattr(client, method)(**_structure(self._resolved(dict(properties)), shape, operation))
        del answer["ResponseMetadata"]
        return answer

    def _resolved(self, node: Any) -> Any:
        """With what dynamic references stand for at this moment."""
        if isinstance(node, dict):
            return {key: self._resolved(value) for key, value in node.items()}
        if isinstance(node, list):
            return [self._resolved(item) for item in node]
        return DYNAMIC.sub(self._dynamic, node) if isinstance(node, str) else node

    def _dynamic(self, found: re.Match[str]) -> str:
        if found[1] == "ssm":
            return str(self.call("ssm.GetParameter", {"Name": found[2]})["Parameter"]["Value"])
        secret, _, rest = found[2].partition(":SecretString:")
        key, stage, version = [*rest.split(":"), "", ""][:3]
        chosen = {"SecretId": secret, "VersionStage": stage, "VersionId": version}
        answer = self.call("secretsmanager.GetSecretValue", {name: value for name, value in chosen.items() if value})
        return str(json.loads(answer["SecretString"])[key])


def _member(shape: StructureShape | None, name: str) -> str | None:
    known = {known.lower(): known for known in shape.members} if shape else {}
    return known.get(name.lower()) or known.get(RENAMED.get(name.lower(), ""))


def _fitted(value: Any, shape: Shape, where: str) -> Any:
    """As the API wants it; templates are lax about cases, numbers, lists of one, documents and tags."""
    kind = shape.type_name
    if isinstance(shape, StructureShape):
        return _structure(value, shape, where)
    if isinstance(shape, ListShape):
        if isinstance(value, dict) and shape.member.name == "Parameter":
            value = [{"ParameterName": key, "ParameterValue": item} for key, item in value.items()]
        return [_fitted(item, shape.member, where) for item in (value if isinstance(value, list) else [value])]
    if isinstance(shape, MapShape):
        pairs = {item["Key"]: item["Value"] for item in value} if isinstance(value, list) else value
        return {key: _fitted(item, shape.value, where) for key, item in pairs.items()}
    if kind in ("integer", "long", "float", "double"):
        return float(value) if kind in ("float", "double") else int(value)
    if kind == "boolean":
        return str(value).lower() == "true"
    return json.dumps(value) if isinstance(value, dict | list | bool) else str(value)


def _structure(value: Any, shape: StructureShape, where: str) -> Json:
    lists = [name for name, inner in shape.members.items() if isinstance(inner, ListShape)]
    if isinstance(value, list) and len(lists) == 1:  # a list in a wrapper
        value = {lists[0]: value}
    elif not isinstance(value, dict):
        value = {"Value": value}  # EC2's wrapper for a truth
    fitted = {name: DEFAULTS[name] for name in shape.required_members if name in DEFAULTS}
    for name, item in value.items():
        known = _member(shape, name)
        if known is None:
            raise UnfitError(f"{where} does not take {name}")
        fitted[known] = _fitted(item, shape.members[known], f"{where} {name}")
    return fitted | ({"Quantity": len(fitted.get("Items", []))} if "Quantity" in shape.members else {})
