"""Calls to the cloud's services with what a template says, fitted by AWS's own description of each operation."""

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import boto3
from botocore.model import ListShape, MapShape, Shape, StructureShape

from local.aws.identities import REGION, ROOT_KEY
from local.cloud.cloudformation.types import Json

DYNAMIC = re.compile(r"\{\{resolve:(ssm|secretsmanager):([^}]+)\}\}")
# A template's words for what services call otherwise.
PAIRS = """
    bucketname=bucket exposedheaders=exposeheaders family=dbparametergroupfamily groupdescription=description
    groupset=groups ipv6enabled=isipv6enabled keypolicy=policy maxage=maxageseconds origincustomheaders=customheaders
    policydocument=policy sseenabled=enabled topicname=name
"""
RENAMED = dict(pair.split("=") for pair in PAIRS.split())
# What services are told besides: where they insist on it, and wherever they ask for it.
DEFAULTS: Json = {"Comment": "", "Enabled": True, "HTTPPort": 80, "HTTPSPort": 443, "MaxCount": 1, "MinCount": 1}
ALWAYS: Json = {
    "ApplyImmediately": True,
    "CreateBucketConfiguration": {"LocationConstraint": REGION},
    "ForceDeleteWithoutRecovery": True,
    "IfMatch": "*",
    "ReturnSubscriptionArn": True,
    "SkipFinalSnapshot": True,
}


class UnfitError(Exception):
    """What a template says has no place here, and nothing is passed over in silence."""


class Api:
    """All services, as root. Operations are `service.Operation`, in any case."""

    def __init__(self, endpoint: str) -> None:
        session = boto3.Session(ROOT_KEY.id, ROOT_KEY.secret, region_name=REGION)
        self.client: Callable[[str], Any] = cache(lambda service: session.client(service, endpoint_url=endpoint))

    def arguments(self, operation: str) -> StructureShape | None:
        """None if there is no such operation."""
        service, _, name = operation.partition(".")
        model = self.client(service).meta.service_model
        known = {known.lower(): known for known in model.operation_names}.get(name.lower())
        return model.operation_model(known).input_shape if known else None

    def required(self, operation: str) -> list[str]:
        shape = self.arguments(operation)
        return list(shape.required_members) if shape else []

    def takes(self, operation: str, key: str) -> bool:
        return member(self.arguments(operation), key) is not None

    def call(self, operation: str, properties: Json) -> tuple[Json, Json]:
        """What was sent, and what was answered. Raises UnfitError, and botocore's errors for what is refused."""
        shape = self.arguments(operation)
        if shape is None:
            raise UnfitError(f"there is no {operation}")
        service, _, name = operation.partition(".")
        client = self.client(service)
        method = {known.lower(): method for method, known in client.meta.method_to_api_mapping.items()}[name.lower()]
        sent = _structure(self._resolved(properties), shape, operation)
        answer: Json = getattr(client, method)(**sent)
        del answer["ResponseMetadata"]
        return sent, answer

    def _resolved(self, node: Any) -> Any:
        """With what dynamic references stand for at this moment."""
        if isinstance(node, dict):
            return {key: self._resolved(value) for key, value in node.items()}
        if isinstance(node, list):
            return [self._resolved(item) for item in node]
        return DYNAMIC.sub(self._dynamic, node) if isinstance(node, str) else node

    def _dynamic(self, found: re.Match[str]) -> str:
        if found[1] == "ssm":
            return str(self.call("ssm.GetParameter", {"Name": found[2]})[1]["Parameter"]["Value"])
        secret, _, rest = found[2].partition(":SecretString:")
        key, stage, version = [*rest.split(":"), "", ""][:3]
        chosen = {"SecretId": secret, "VersionStage": stage, "VersionId": version}
        _, answer = self.call("secretsmanager.GetSecretValue", {name: text for name, text in chosen.items() if text})
        return str(json.loads(answer["SecretString"])[key])


def member(shape: StructureShape | None, name: str) -> str | None:
    """What the service calls a template's property; None if it does not take it."""
    known = {known.lower(): known for known in shape.members} if shape else {}
    return known.get(name.lower()) or known.get(RENAMED.get(name.lower(), ""))


def _fitted(value: Any, shape: Shape, where: str) -> Any:
    """As the API wants it; templates are lax about cases, numbers, lists of one and documents."""
    kind = shape.type_name
    if isinstance(shape, StructureShape):
        return _structure(value, shape, where)
    if isinstance(shape, ListShape):
        return [_fitted(item, shape.member, where) for item in (value if isinstance(value, list) else [value])]
    if isinstance(shape, MapShape):
        return {key: _fitted(item, shape.value, where) for key, item in value.items()}
    if kind in ("integer", "long", "float", "double"):
        return float(value) if kind in ("float", "double") else int(value)
    if kind == "boolean":
        return str(value).lower() == "true"
    return json.dumps(value) if isinstance(value, dict | list | bool) else str(value)


def _structure(value: Any, shape: StructureShape, where: str) -> Json:
    if isinstance(value, list):  # in the wrapper that CloudFront puts around its lists
        value = {"Items": value}
    fitted = {name: DEFAULTS[name] for name in shape.required_members if name in DEFAULTS}
    for name, item in value.items():
        known = member(shape, name)
        if known is None:
            raise UnfitError(f"{where} does not take {name}")
        fitted[known] = _fitted(item, shape.members[known], f"{where} {name}")
    fitted |= {name: ALWAYS[name] for name in shape.members if name in ALWAYS}
    return fitted | ({"Quantity": len(fitted.get("Items", []))} if "Quantity" in shape.members else {})
