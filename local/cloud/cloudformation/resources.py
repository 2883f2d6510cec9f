"""One resource of a stack: created, changed and deleted by calls to the service that its type belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import jmespath

from local.cloud.cloudformation.api import Api, UnfitError, member
from local.cloud.cloudformation.types import TYPES, Json

# What a service is told besides where it asks for it.
CONSENT = {"IfMatch": "*", "SkipFinalSnapshot": True, "ForceDeleteWithoutRecovery": True, "ApplyImmediately": True}


@dataclass
class Resource:
    """`facts` are what was sent and answered when it was made. The names of the first three are moto's."""

    logical_resource_id: str
    cf_resource_type: str
    physical_resource_id: str
    properties: Json
    facts: Json
    is_retained: bool = False

    def get_cfn_attribute(self, name: str) -> Any:
        found = jmespath.search(TYPES[self.cf_resource_type].attributes.get(name, name), self.facts)
        arns = [value for key, value in self.facts.items() if key.endswith(("Arn", "ARN"))]
        if found is None and name == "Arn" and len(arns) == 1:
            return arns[0]
        if found is None:
            raise UnfitError(f"{self.cf_resource_type} has no attribute {name} here")
        return found


class Maker:
    """Makes the resources of one stack."""

    def __init__(self, api: Api, stack: str) -> None:
        self._api = api
        self._stack = stack

    def create(self, name: str, kind: str, properties: Json) -> Resource:
        if kind not in TYPES:
            raise UnfitError(f"the stand-in for CloudFormation does not know the type {kind}")
        type_ = TYPES[kind]
        if type_.create == "-":  # no service here has it: its properties are all there is of it
            return Resource(name, kind, str(uuid4()), properties, properties)
        operation, shaped = _operation(kind, "Create"), type_.shaped(properties)
        later = {key: shaped.pop(key) for key in type_.then if key in shaped}
        sent = {**self._names(operation, name, shaped), **type_.given, **shaped}
        tags = sent.pop("Tags", None) if operation.startswith("ec2.") else None  # which are their own call there
        answer = self._api.call(operation, sent)
        parts = [part for part in answer.values() if isinstance(part, dict)]
        facts = {**sent, **answer, **(parts[0] if len(parts) == 1 else {})}
        made = Resource(name, kind, "", properties, facts)
        made.physical_resource_id = self._reference(made, set(facts) - set(sent))
        if tags:
            self._api.call("ec2.CreateTags", {"Resources": made.physical_resource_id, "Tags": tags})
        self._follow(made, type_.then, later)
        return made

    def change(self, had: Resource, properties: Json) -> Resource:
        """In place where the service can; else a new one is made, and the old one goes."""
        type_ = TYPES[had.cf_resource_type]
        shaped = type_.shaped({key: value for key, value in properties.items() if had.properties.get(key) != value})
        operation, follow = _operation(had.cf_resource_type, "Update"), {**type_.then, **type_.change}
        later = {key: shaped.pop(key) for key in follow if key in shaped}
        if set(had.properties) - set(properties) or not all(self._takes(operation, key) for key in shaped):
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
        if "-" not in (type_.create, type_.delete):
            operation = _operation(resource.cf_resource_type, "Delete")
            self._api.call(operation, self._known(resource, operation))

    def _follow(self, resource: Resource, operations: Mapping[str, str], properties: Json) -> None:
        """Call what goes with each property: with the whole of it if it is an argument, else with each of its items."""
        for key, name in operations.items():
            operation, value = f"{_service(resource.cf_resource_type)}.{name}", properties.get(key)
            known = self._known(resource, operation)
            if value is not None and self._takes(operation, key):
                self._api.call(operation, {**known, key: value})
                continue
            for item in value if isinstance(value, list) else [] if value is None else [value]:
                left = self._required(operation) - set(known)
                fields = item if isinstance(item, dict) else dict.fromkeys(left, item)
                if name.startswith(("Delete", "Detach", "Remove")):
                    fields = {field: fields[field] for field in left}
                self._api.call(operation, {**known, **fields})

    def _known(self, resource: Resource, operation: str) -> Json:
        """Those arguments by which the service knows the resource, and its consent."""
        shape = self._api.shape(operation)
        facts, known = {key.lower(): value for key, value in resource.facts.items()}, {}
        for argument in shape.members if shape else ():
            if argument in CONSENT:
                known[argument] = CONSENT[argument]
            elif argument in self._keys(resource.cf_resource_type):
                known[argument] = facts.get(argument.lower(), resource.physical_resource_id)
            elif argument in self._required(operation) and argument.lower() in facts:
                known[argument] = facts[argument.lower()]
        return known

    def _reference(self, made: Resource, answered: set[str]) -> str:
        """What `!Ref` gives."""
        path = TYPES[made.cf_resource_type].ref
        keys = self._keys(made.cf_resource_type)
        facts = {key.lower(): value for key, value in made.facts.items()}
        chosen = next((key for key in keys if key in answered), keys[-1] if keys else "")
        return str(jmespath.search(path, made.facts) if path else facts[chosen.lower()])

    def _keys(self, kind: str) -> list[str]:
        if TYPES[kind].keys:
            return TYPES[kind].keys.split()
        shape = self._api.shape(_operation(kind, "Delete"))
        return list(shape.required_members) if shape else []

    def _names(self, operation: str, name: str, shaped: Json) -> Json:
        """A name for what must have one and has none."""
        given, made_up = {key.lower() for key in shaped}, f"{self._stack}-{name}-{uuid4().hex[:8]}".lower()
        wanted = {
            key for key in self._required(operation) if key.endswith(("Name", "Identifier", "Bucket", "StatementId"))
        }
        return {key: made_up for key in wanted if key.lower() not in given}

    def _required(self, operation: str) -> set[str]:
        shape = self._api.shape(operation)
        return set(shape.required_members) if shape else set()

    def _takes(self, operation: str, key: str) -> bool:
        return member(self._api.shape(operation), key) is not None


def _service(kind: str) -> str:
    return kind.split("::")[1].lower()


def _operation(kind: str, verb: str) -> str:
    own = getattr(TYPES[kind], verb.lower())
    return f"{_service(kind)}.{own or verb + kind.split('::')[2]}"
