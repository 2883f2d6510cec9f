"""One resource of a stack: created, changed and deleted by calls to the service that its type belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import jmespath

from local.cloud.cloudformation.api import Api, Json, UnfitError
from local.cloud.cloudformation.types import TYPES

# What a service is told besides, where it asks for it.
CONSENT = {"IfMatch": "*", "SkipFinalSnapshot": True, "ForceDeleteWithoutRecovery": True, "ApplyImmediately": True}
NAMES = ("Name", "Identifier", "Bucket", "StatementId")  # of what must have one


@dataclass
class Resource:
    """`facts` are what was sent and answered when it was made. The names of the first three are moto's."""

    logical_resource_id: str
    cf_resource_type: str
    physical_resource_id: str
    properties: Json
    facts: Json
    deletion_policy: str = "Delete"

    def get_cfn_attribute(self, name: str) -> Any:
        name = name.replace(":", ".")
        found = jmespath.search(TYPES[self.cf_resource_type].attributes.get(name, name), self.facts)
        arns = [value for key, value in self.facts.items() if key.endswith(("Arn", "ARN"))]
        if found is None and (name != "Arn" or len(arns) != 1):
            raise UnfitError(f"{self.cf_resource_type} has no attribute {name} here")
        return found or arns[0]


class Maker:
    """Makes the resources of one stack."""

    def __init__(self, api: Api, stack: str) -> None:
        self._api = api
        self._stack = stack

    def create(self, name: str, kind: str, properties: Json) -> Resource:
        if kind not in TYPES:
            raise UnfitError(f"the stand-in for CloudFormation does not know the type {kind}")
        type_, operation = TYPES[kind], _operation(kind, "Create")
        if type_.create == "-":
            return Resource(name, kind, str(uuid4()), properties, properties)
        shaped = type_.shaped(properties)
        later = {key: shaped.pop(key) for key in type_.then if key in shaped}
        tags = shaped.pop("Tags", None) if operation.startswith("ec2.") else None  # which are a call of their own there
        nameless = [key for key in self._api.required(operation) if key.endswith(NAMES)]
        made_up = dict.fromkeys(nameless, f"{self._stack}-{name}-{uuid4().hex[:8]}".lower())
        known = {self._api.argument(operation, key) or key: value for key, value in shaped.items()}
        sent = {**made_up, **type_.given, **known}
        answer = self._api.call(operation, sent)
        parts = [part for part in answer.values() if isinstance(part, dict)]
        answer |= parts[0] if len(parts) == 1 else {}
        made = Resource(name, kind, "", properties, {**sent, **answer})
        keys = self._keys(kind)
        key = next((key for key in keys if key in answer), keys[-1] if keys else "")
        made.physical_resource_id = str(
            jmespath.search(type_.ref, made.facts) if type_.ref else _found(key, made.facts)
        )
        if tags:
            self._api.call("ec2.CreateTags", {"Resources": made.physical_resource_id, "Tags": tags})
        self._follow(made, type_.then, later)
        return made

    def change(self, had: Resource, properties: Json) -> Resource:
        """In place where the service can; else a new one is made, and the old one goes."""
        type_, operation = TYPES[had.cf_resource_type], _operation(had.cf_resource_type, "Update")
        shaped = type_.shaped({key: value for key, value in properties.items() if had.properties.get(key) != value})
        follow = {**type_.then, **type_.change}
        later = {key: shaped.pop(key) for key in follow if key in shaped}
        if set(had.properties) - set(properties) or not all(self._api.argument(operation, key) for key in shaped):
            made = self.create(had.logical_resource_id, had.cf_resource_type, properties)
            self.delete(had)
            return made
        if shaped:
            self._api.call(operation, {**self._known(had, operation), **shaped})
        self._follow(had, type_.undo, {key: had.properties.get(key) for key in later})
        self._follow(had, follow, later)
        had.properties, had.facts = properties, {**had.facts, **shaped}
        return had

    def delete(self, resource: Resource) -> None:
        type_, operation = TYPES[resource.cf_resource_type], _operation(resource.cf_resource_type, "Delete")
        self._follow(resource, type_.undo, resource.properties)
        if "-" not in (type_.create, type_.delete):
            self._api.call(operation, self._known(resource, operation))

    def _follow(self, resource: Resource, operations: Mapping[str, str], properties: Json) -> None:
        """Call what goes with each property: with the whole of it if it is an argument, else with each of its items."""
        for key, name in operations.items():
            operation, value = _operation(resource.cf_resource_type, "", name), properties.get(key)
            known = self._known(resource, operation)
            if value is not None and self._api.argument(operation, key):
                self._api.call(operation, {**known, key: value})
                continue
            for item in value if isinstance(value, list) else [] if value is None else [value]:
                left = self._api.required(operation) - set(known)
                fields = item if isinstance(item, dict) else dict.fromkeys(left, item)
                taken = {field: fields[field] for field in left} if name.startswith("De") else fields
                self._api.call(operation, {**known, **taken})

    def _known(self, resource: Resource, operation: str) -> Json:
        """Those arguments by which the service knows the resource, and its consent."""
        shape, keys, known = self._api.shape(operation), self._keys(resource.cf_resource_type), Json()
        for argument in shape.members if shape else ():
            fact = _found(argument, resource.facts)
            if argument in CONSENT:
                known[argument] = CONSENT[argument]
            elif argument in keys or (fact is not None and argument in self._api.required(operation)):
                known[argument] = resource.physical_resource_id if fact is None else fact
        return known

    def _keys(self, kind: str) -> list[str]:
        shape = self._api.shape(_operation(kind, "Delete"))
        return TYPES[kind].keys.split() or (list(shape.required_members) if shape else [])


def _operation(kind: str, verb: str, name: str = "") -> str:
    _, service, noun = kind.split("::")
    return f"{service.lower()}.{name or getattr(TYPES[kind], verb.lower()) or verb + noun}"


def _found(name: str, facts: Json) -> Any:
    """By its name in any case; the last one, which was answered rather than sent."""
    return next((value for key, value in reversed(facts.items()) if key.lower() == name.lower()), None)
