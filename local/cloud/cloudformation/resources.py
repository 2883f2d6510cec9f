"""One resource of a stack: created, changed and deleted by calls to the service that its type belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import jmespath

from local.cloud.cloudformation.api import Api, UnfitError
from local.cloud.cloudformation.types import TYPES, Json

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
        type_, operation = TYPES[kind], _operation(kind, TYPES[kind].create)
        made = Resource(name, kind, str(uuid4()), properties, properties)
        if not type_.create:
            return made
        shaped = type_.shaped(properties)
        later = {key: shaped.pop(key) for key in type_.then if key in shaped}
        nameless = [key for key in self._api.required(operation) if key.endswith(NAMES)]
        made_up = {key: f"{self._stack}-{name}-{uuid4().hex[:8]}".lower() for key in nameless}
        sent, answer = self._api.call(operation, {**made_up, **shaped})
        parts = [part for part in answer.values() if isinstance(part, dict)]
        answer |= parts[0] if len(parts) == 1 else {}
        made.facts = {**sent, **answer}
        keys = self._keys(kind)
        key = next((key for key in keys if key in answer), keys[-1] if keys else "")
        known = jmespath.search(type_.ref, made.facts) if type_.ref else _found(key, made.facts)
        made.physical_resource_id = str(known)
        self._follow(made, type_.then, later)
        return made

    def change(self, had: Resource, properties: Json) -> Resource:
        """In place where the service can; else a new one is made, and the old one goes."""
        type_ = TYPES[had.cf_resource_type]
        operation = _operation(had.cf_resource_type, type_.update)
        shaped = type_.shaped({key: value for key, value in properties.items() if had.properties.get(key) != value})
        follow = {**type_.then, **type_.change}
        later = {key: shaped.pop(key) for key in follow if key in shaped}
        if set(had.properties) - set(properties) or not all(self._api.takes(operation, key) for key in shaped):
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
        type_ = TYPES[resource.cf_resource_type]
        self._follow(resource, type_.undo, resource.properties)
        if type_.delete:
            operation = _operation(resource.cf_resource_type, type_.delete)
            self._api.call(operation, self._known(resource, operation))

    def _follow(self, resource: Resource, operations: Mapping[str, str], properties: Json) -> None:
        """Call what goes with each property: with the whole of it if it is an argument, else with each of its items."""
        for key, name in operations.items():
            operation, value = _operation(resource.cf_resource_type, name), properties.get(key)
            known = self._known(resource, operation)
            if value is not None and self._api.takes(operation, key):
                self._api.call(operation, {**known, key: value})
                continue
            items = [] if value is None else value if isinstance(value, list) else [value]
            left = [argument for argument in self._api.required(operation) if argument not in known]
            for item in items:
                fields = item if isinstance(item, dict) else dict.fromkeys(left, item)
                taken = {field: fields[field] for field in left} if name.startswith("De") else fields
                self._api.call(operation, {**known, **taken})

    def _known(self, resource: Resource, operation: str) -> Json:
        """Those arguments by which the service knows the resource."""
        shape, keys = self._api.arguments(operation), self._keys(resource.cf_resource_type)
        required = self._api.required(operation)
        facts = {name: _found(name, resource.facts) for name in (shape.members if shape else ())}
        return {
            name: resource.physical_resource_id if fact is None else fact
            for name, fact in facts.items()
            if name in keys or (fact is not None and name in required)
        }

    def _keys(self, kind: str) -> list[str]:
        return TYPES[kind].keys.split() or self._api.required(_operation(kind, TYPES[kind].delete))


def _operation(kind: str, name: str) -> str:
    _, service, noun = kind.split("::")
    return f"{service.lower()}.{name.format(noun)}"


def _found(name: str, facts: Json) -> Any:
    """By its name in any case; the last one, which was answered rather than sent."""
    return next((value for key, value in reversed(facts.items()) if key.lower() == name.lower()), None)
