"""Stacks: created, changed, rolled back and deleted as CloudFormation does it, behind the API that moto serves."""

import re
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import yaml
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from moto.cloudformation import parsing
from moto.cloudformation.exceptions import AlreadyExistsException, ValidationError
from moto.cloudformation.models import Change, ChangeSet, CloudFormationBackend, Event, Stack, cloudformation_backends
from moto.cloudformation.parsing import OutputMap, ResourceMap, clean_json
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudformation.utils import generate_changeset_id, generate_stack_id
from moto.core.exceptions import ServiceException
from moto.ssm.models import ssm_backends

from infra.policies import parse_template
from local.aws.identities import REGION
from local.cloud.cloudformation.api import Api, UnfitError
from local.cloud.cloudformation.resources import Maker, Resource
from local.cloud.cloudformation.types import Json
from local.cloud.patching import replace_methods

UNCHANGED = "The submitted information didn't contain changes. Submit different information to create a change set."
# A template that cannot be, a service that refuses, moto that falls over.
TROUBLE = (UnfitError, ServiceException, ClientError, BotoCoreError, ResponseParserError, LookupError, ValueError)
RETAINED = {"Retain", "RetainExceptOnCreate"}
# ${Cluster.Endpoint.Port}: moto would cut what follows the second dot; `Resource` takes a colon for it.
DEEP = re.compile(r"(\$\{\w+\.\w+)\.")
FORESEEN = SimpleNamespace(physical_resource_id="{{ new }}", get_cfn_attribute=lambda _name: "{{ new }}")

Settle = Callable[[str, Json, Json], Any]


def read(text: str) -> Json:
    try:
        template: Any = parse_template(DEEP.sub(r"\1:", text))
    except yaml.YAMLError as error:
        raise ValidationError(message=f"Template format error: {error}") from error
    if not isinstance(template, dict) or not template.get("Resources"):
        raise ValidationError(message="Template format error: At least one Resources member must be defined.")
    return template


class _Resources(ResourceMap):
    """A stack's resources by name. Looking one up settles it, and before that whatever it refers to."""

    def __init__(self, stack: "LocalStack", text: str, parameters: Mapping[str, str], settle: Settle) -> None:
        place: Json = {"region_name": stack.region_name, "account_id": stack.account_id, "cross_stack_resources": {}}
        super().__init__(stack.stack_id, stack.name, dict(parameters), {}, template=read(text), **place)
        self.settled: dict[str, Any] = {}
        self._settle = settle
        self.load_mapping()
        self.load_parameters()
        self.load_conditions()
        for name in self:
            self[name]
        self.outputs = OutputMap(self, self._template, self.stack_id)
        self.told = {key: output.value for key, output in self.outputs.items() if output}

    def __getitem__(self, name: str) -> Any:
        if name in self._parsed_resources:
            return self._parsed_resources[name]
        spec = self._resource_json_map[name]
        if name not in self.settled and ("Condition" not in spec or self.lazy_condition_map[spec["Condition"]]):
            earlier = spec.get("DependsOn", [])
            for other in [earlier] if isinstance(earlier, str) else earlier:
                self[other]
            self.settled[name] = self._settle(name, spec, clean_json(spec.get("Properties", {}), self))
        return self.settled.get(name)

    def parse_ssm_parameter(self, value: str, value_type: str) -> Any:
        if ssm_backends[self._account_id][self._region_name].get_parameter(value) is None:
            raise ValidationError(message=f"Parameters: [{value}] cannot be found.")
        return super().parse_ssm_parameter(value, value_type)


class LocalStack(Stack):
    """Its status says how the last change went, its events why."""

    def __init__(self, name: str, backend: CloudFormationBackend, api: Api) -> None:
        place: Json = {"account_id": backend.account_id, "region_name": backend.region_name}
        super().__init__(generate_stack_id(name, *reversed(place.values())), name, {}, {}, **place)
        self.made: dict[str, Resource] = {}  # in the order in which they were made
        self.told: dict[str, str] = {}
        self.stack_status_reason: str | None = None
        self._maker = Maker(api, name)
        self._say("REVIEW_IN_PROGRESS")

    @property
    def stack_resources(self) -> Any:
        return list(self.made.values())

    def changes(self, text: str, parameters: Mapping[str, str]) -> list[Change]:
        """What `apply` would do."""
        found: list[Change] = []

        def foresee(name: str, spec: Json, properties: Json) -> Any:
            had = self.made.get(name)
            if had is None or had.properties != properties:
                found.append(Change("Modify" if had else "Add", name, spec["Type"]))
            return had or FORESEEN

        resources = _Resources(self, text, parameters, foresee)
        gone = [had for name, had in self.made.items() if name not in resources.settled]
        found += [Change("Remove", had.logical_resource_id, had.cf_resource_type) for had in gone]
        is_retold = resources.told != self.told
        return found or ([Change("Modify", "Outputs", self.cloudformation_type())] if is_retold else [])

    def apply(self, text: str, parameters: Mapping[str, str]) -> None:
        """Bring the stack there, or back to where it was."""
        before = (str(self.template), self.parameters) if self.template else None
        failure = self._attempt("UPDATE" if before else "CREATE", lambda: self._bring_to(text, parameters))
        if failure and before:
            self._attempt("UPDATE_ROLLBACK", lambda: self._bring_to(*before), failure)
        elif failure:
            self._attempt("ROLLBACK", lambda: self._remove(list(self.made), kept={"Retain"}), failure)

    def delete(self) -> None:
        self._attempt("DELETE", lambda: self._remove(list(self.made)))

    def _attempt(self, verb: str, do: Callable[[], None], reason: str = "User Initiated") -> str | None:
        """Why it failed, None if it did not."""
        self._say(f"{verb}_IN_PROGRESS", reason)
        try:
            do()
        except TROUBLE as error:
            if verb not in ("CREATE", "UPDATE"):  # which are rolled back
                self._say(f"{verb}_FAILED", str(error))
            return str(error)
        self._say(f"{verb}_COMPLETE", reason)
        return None

    def _bring_to(self, text: str, parameters: Mapping[str, str]) -> None:
        resources = _Resources(self, text, parameters, self._settle)
        self._remove([name for name in self.made if name not in resources.settled])
        self.template, self.template_dict, self.parameters = text, read(text), dict(parameters)
        self.resource_map, self.output_map, self.told = resources, resources.outputs, resources.told

    def _settle(self, name: str, spec: Json, properties: Json) -> Resource:
        had, kind = self.made.get(name), spec["Type"]
        if had is None:
            self._carry_out("CREATE", name, kind, lambda: self._maker.create(name, kind, properties))
        elif had.properties != properties:
            self._carry_out("UPDATE", name, kind, lambda: self._maker.change(had, properties))
        self.made[name].deletion_policy = spec.get("DeletionPolicy", "Delete")
        return self.made[name]

    def _remove(self, names: list[str], kept: set[str] = RETAINED) -> None:
        for name in reversed(names):
            resource = self.made[name]
            if resource.deletion_policy in kept:
                self._say("DELETE_SKIPPED", None, name, resource.cf_resource_type)
            else:
                self._carry_out("DELETE", name, resource.cf_resource_type, lambda: self._maker.delete(resource))  # noqa: B023 - called at once
            del self.made[name]

    def _carry_out(self, verb: str, name: str, kind: str, make: Callable[[], Resource | None]) -> None:
        try:
            self.made[name] = make() or self.made[name]
        except TROUBLE as error:
            self._say(f"{verb}_FAILED", str(error), name, kind)
            raise
        self._say(f"{verb}_COMPLETE", None, name, kind)

    def _say(self, status: str, reason: str | None = None, name: str = "", kind: str = "") -> None:
        if not name:
            self.status, self.stack_status_reason = status, reason
        physical = self.made[name].physical_resource_id if name in self.made else "" if name else self.stack_id
        kind = kind or self.cloudformation_type()
        self.events.append(Event(self.stack_id, self.name, name or self.name, physical, kind, status, reason, None))


class _ChangeSet(ChangeSet):
    def _parse_template(self) -> None:
        self.template_dict = read(self.template)

    def diff(self) -> list[Change]:
        return self.stack.changes(self.template, self.parameters)  # type: ignore[attr-defined,no-any-return]


class LocalCloudFormation(CloudFormationBackend):
    """What moto's API calls. Stacks are made by change sets only."""

    __module__ = CloudFormationBackend.__module__  # beside which moto looks for the API's paths
    endpoint = ""  # where resources are made; known once the server listens

    def create_change_set(self, stack_name: str, change_set_name: str, **asked: Any) -> tuple[str, str]:  # type: ignore[override]
        kind = asked.pop("change_set_type")
        identity, is_new = generate_changeset_id(change_set_name, self.region_name, self.account_id), kind == "CREATE"
        if is_new and any(stack.name == stack_name for stack in self.stacks.values()):
            raise AlreadyExistsException(f"Stack [{stack_name}] already exists")
        stack: Any = LocalStack(stack_name, self, Api(self.endpoint)) if is_new else self.get_stack(stack_name)  # type: ignore[abstract]
        try:
            proposed = _ChangeSet(kind, identity, change_set_name, stack, **asked)
        except (UnfitError, LookupError) as error:
            raise ValidationError(message=str(error)) from error
        stack.tags = proposed.tags or {}
        proposed.status, proposed.execution_status = "CREATE_COMPLETE", "AVAILABLE"
        if not proposed.changes:
            proposed.status, proposed.execution_status, proposed.status_reason = "FAILED", "UNAVAILABLE", UNCHANGED
        self.stacks[stack.stack_id], self.change_sets[identity] = stack, proposed
        return identity, stack.stack_id

    def execute_change_set(self, change_set_name: str, stack_name: str | None = None) -> None:  # noqa: ARG002
        proposed: Any = self.describe_change_set(change_set_name)
        proposed.stack.apply(proposed.template, proposed.parameters)
        proposed.execution_status = "EXECUTE_COMPLETE"

    def create_stack(self, *_asked: Any, **_more: Any) -> Stack:
        raise ValidationError(message="Stacks are made by change sets here")

    update_stack = create_stack

    def delete_stack(self, name_or_stack_id: str) -> None:
        for stack in [stack for stack in self.stacks.values() if name_or_stack_id in (stack.name, stack.stack_id)]:
            if stack.enable_termination_protection:
                raise ValidationError(message=f"Stack [{stack.name}] is under TerminationProtection")
            stack.delete()
            if stack.status == "DELETE_COMPLETE":
                self.deleted_stacks[stack.stack_id] = self.stacks.pop(stack.stack_id)


def install(endpoint: str) -> None:
    """Have moto's API served by this; before its first call."""
    LocalCloudFormation.endpoint = endpoint
    cloudformation_backends.backend = LocalCloudFormation
    parsing.DEFAULT_REGION = REGION  # whose zones !GetAZs "" tells
    replace_methods(CloudFormationResponse, _validate_different_update=lambda *_asked: None)  # that is the change set's
