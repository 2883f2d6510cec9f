"""Stacks: created, changed, rolled back and deleted as CloudFormation does it, behind the API that moto serves."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from moto.cloudformation.exceptions import AlreadyExistsException, ValidationError
from moto.cloudformation.models import Change, ChangeSet, CloudFormationBackend, Event, Stack, cloudformation_backends
from moto.cloudformation.parsing import OutputMap, ResourceMap, clean_json
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudformation.utils import generate_changeset_id, generate_stack_id
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.ssm import ssm_backends

from local.cloud.cloudformation.api import Api, UnfitError
from local.cloud.cloudformation.resources import Maker, Resource
from local.cloud.cloudformation.template import read

UNCHANGED = "The submitted information didn't contain changes. Submit different information to create a change set."
TROUBLE = (
    UnfitError,
    ResponseParserError,
    ServiceException,
    ClientError,
    BotoCoreError,
    LookupError,
    ValueError,
    TypeError,
)


class _Resources(ResourceMap):
    """A stack's resources by name. Looking one up settles it: as the template wants it, or as it is foreseen."""

    def __init__(self, stack: "LocalStack", text: str, parameters: Mapping[str, str], settle: "_Settle") -> None:
        place = {"account_id": stack.account_id, "region_name": stack.region_name}
        super().__init__(
            stack.stack_id, stack.name, dict(parameters), {}, template=read(text), cross_stack_resources={}, **place
        )
        self.settled: dict[str, Any] = {}
        self._settle = settle
        self.load_mapping()
        self.load_parameters()
        self.load_conditions()

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


_Settle = Callable[[str, dict[str, Any], dict[str, Any]], Any]


class _Foreseen:
    """A resource that a change set would make."""

    physical_resource_id = "{{ new }}"

    def get_cfn_attribute(self, _name: str) -> str:
        return self.physical_resource_id


class LocalStack(Stack):
    """Its status says how the last change went, its events why."""

    def __init__(self, name: str, backend: CloudFormationBackend, api: Api, tags: dict[str, str] | None) -> None:
        place = {"account_id": backend.account_id, "region_name": backend.region_name}
        super().__init__(
            generate_stack_id(name, backend.region_name, backend.account_id), name, {}, {}, tags=tags, **place
        )
        self.made: dict[str, Resource] = {}  # in the order in which they were made
        self.stack_status_reason: str | None = None
        self._maker = Maker(api, name)
        self._say("REVIEW_IN_PROGRESS")

    @property
    def stack_resources(self) -> list[Any]:  # type: ignore[override]
        return list(self.made.values())

    def changes(self, text: str, parameters: Mapping[str, str]) -> list[Change]:
        """What `apply` would do."""
        found: list[Change] = []

        def foresee(name: str, spec: dict[str, Any], properties: dict[str, Any]) -> Any:
            had = self.made.get(name)
            if had is None or had.properties != properties:
                found.append(Change("Modify" if had else "Add", name, spec["Type"]))
            return had or _Foreseen()

        resources = _Resources(self, text, parameters, foresee)
        for name in resources:
            resources[name]
        gone = [
            Change("Remove", name, had.cf_resource_type)
            for name, had in self.made.items()
            if name not in resources.settled
        ]
        outputs = OutputMap(resources, read(text), self.stack_id)
        if {key: output.value for key, output in outputs.items() if output} != {
            o.key: o.value for o in self.output_map.values() if o
        }:
            found.append(Change("Modify", "Outputs", self.cloudformation_type()))
        return found + gone

    def apply(self, text: str, parameters: Mapping[str, str]) -> None:
        """Bring the stack there, or back to where it was."""
        verb, before = ("UPDATE", (str(self.template), self.parameters)) if self.template else ("CREATE", None)
        self._say(f"{verb}_IN_PROGRESS", "User Initiated")
        try:
            self._bring_to(text, parameters)
            self._say(f"{verb}_COMPLETE")
        except TROUBLE as error:
            self._roll_back(before, str(error))

    def delete(self) -> None:
        self._say("DELETE_IN_PROGRESS", "User Initiated")
        try:
            self._remove(list(self.made))
            self._say("DELETE_COMPLETE")
        except TROUBLE as error:
            self._say("DELETE_FAILED", str(error))

    def _bring_to(self, text: str, parameters: Mapping[str, str]) -> None:
        resources = _Resources(self, text, parameters, self._settle)
        for name in resources:
            resources[name]
        self._remove([name for name in self.made if name not in resources.settled])
        outputs = OutputMap(resources, read(text), self.stack_id)
        dict(outputs)  # worked out now: what cannot be is this deploy's failure
        self.template, self.template_dict, self.parameters = text, read(text), dict(parameters)
        self.resource_map, self.output_map = resources, outputs

    def _settle(self, name: str, spec: dict[str, Any], properties: dict[str, Any]) -> Resource:
        had, kind = self.made.get(name), spec["Type"]
        if had is None or had.properties != properties:
            verb = "UPDATE" if had else "CREATE"
            try:
                made = self._maker.change(had, properties) if had else self._maker.create(name, kind, properties)
            except TROUBLE as error:
                self._say(f"{verb}_FAILED", str(error), name, kind)
                raise
            self.made[name] = made
            self._say(f"{verb}_COMPLETE", None, name, kind)
        self.made[name].is_retained = spec.get("DeletionPolicy") == "Retain"
        return self.made[name]

    def _remove(self, names: list[str]) -> None:
        for name in reversed(names):
            resource = self.made[name]
            if not resource.is_retained:
                try:
                    self._maker.delete(resource)
                except TROUBLE as error:
                    self._say("DELETE_FAILED", str(error), name, resource.cf_resource_type)
                    raise
            done = "DELETE_SKIPPED" if resource.is_retained else "DELETE_COMPLETE"
            self._say(done, None, name, resource.cf_resource_type)
            del self.made[name]

    def _roll_back(self, before: tuple[str, Mapping[str, str]] | None, reason: str) -> None:
        prefix = "UPDATE_ROLLBACK" if before else "ROLLBACK"
        self._say(f"{prefix}_IN_PROGRESS", reason)
        try:
            if before:
                self._bring_to(*before)
            else:
                self._remove(list(self.made))
            self._say(f"{prefix}_COMPLETE", reason)
        except TROUBLE as error:
            self._say(f"{prefix}_FAILED", str(error))

    def _say(self, status: str, reason: str | None = None, name: str = "", kind: str = "") -> None:
        if not name:
            self.status, self.stack_status_reason = status, reason
        physical = self.made[name].physical_resource_id if name in self.made else "" if name else self.stack_id
        kind = kind or self.cloudformation_type()
        self.events.append(Event(self.stack_id, self.name, name or self.name, physical, kind, status, reason, None))


class _ChangeSet(ChangeSet):
    stack: LocalStack

    def _parse_template(self) -> None:
        self.template_dict = read(self.template)

    def diff(self) -> list[Change]:
        return self.stack.changes(self.template, self.parameters)


class LocalCloudFormation(CloudFormationBackend):
    """What moto's API calls."""

    __module__ = CloudFormationBackend.__module__  # beside which moto looks for the API's paths
    endpoint = ""  # where resources are made; known once the server listens

    def create_change_set(
        self,
        stack_name: str,
        change_set_name: str,
        template: str,
        parameters: dict[str, str],
        description: str,
        change_set_type: str,
        tags: dict[str, str] | None = None,
        **_rest: Any,
    ) -> tuple[str, str]:  # type: ignore[override]
        stack = self.get_stack(stack_name) if change_set_type == "UPDATE" else self._new(stack_name, tags)
        identity = generate_changeset_id(change_set_name, self.region_name, self.account_id)
        try:
            proposed = _ChangeSet(
                change_set_type, identity, change_set_name, stack, template, parameters, description, tags=tags
            )
        except (UnfitError, LookupError) as error:
            raise ValidationError(message=str(error)) from error
        proposed.status, proposed.execution_status = "CREATE_COMPLETE", "AVAILABLE"
        if not proposed.changes:
            proposed.status, proposed.execution_status, proposed.status_reason = "FAILED", "UNAVAILABLE", UNCHANGED
        self.stacks[stack.stack_id], self.change_sets[identity] = stack, proposed
        return identity, stack.stack_id

    def execute_change_set(self, change_set_name: str, stack_name: str | None = None) -> None:  # noqa: ARG002
        proposed = self.describe_change_set(change_set_name)
        proposed.stack.apply(proposed.template, proposed.parameters)
        proposed.execution_status = "EXECUTE_COMPLETE"

    def create_stack(
        self, name: str, template: str, parameters: dict[str, Any], tags: dict[str, str] | None = None, **_rest: Any
    ) -> Stack:  # type: ignore[override]
        identity, _ = self.create_change_set(name, "create", template, parameters, "", "CREATE", tags)
        self.execute_change_set(identity)
        return self.describe_change_set(identity).stack

    def update_stack(
        self,
        name: str,
        template: str,
        role_arn: str | None,
        parameters: list[dict[str, Any]],
        tags: dict[str, str] | None,
    ) -> Stack:  # noqa: ARG002
        values = self._resolve_update_parameters(self.get_stack(name), parameters)
        identity, _ = self.create_change_set(name, "update", template, values, "", "UPDATE")
        if not self.change_sets[identity].changes:
            raise ValidationError(message="No updates are to be performed.")
        self.execute_change_set(identity)
        return self.get_stack(name)

    def delete_stack(self, name_or_stack_id: str) -> None:
        named = [stack for stack in self.stacks.values() if name_or_stack_id in (stack.name, stack.stack_id)]
        for stack in named:
            if stack.enable_termination_protection:
                raise ValidationError(
                    message=f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
                )
            stack.delete()
            if stack.status == "DELETE_COMPLETE":
                self.deleted_stacks[stack.stack_id] = self.stacks.pop(stack.stack_id)

    def _new(self, name: str, tags: dict[str, str] | None) -> LocalStack:
        if any(stack.name == name for stack in self.stacks.values()):
            raise AlreadyExistsException(f"Stack [{name}] already exists")
        return LocalStack(name, self, Api(self.endpoint, self.region_name), tags)


def install(endpoint: str) -> None:
    """Have moto's API served by this; before its first call."""
    LocalCloudFormation.endpoint = endpoint
    cloudformation_backends.backend = LocalCloudFormation
    CloudFormationResponse._validate_different_update = lambda *_arguments: None
    CloudFormationResponse.update_termination_protection = _protect


def _protect(call: CloudFormationResponse) -> ActionResult:
    """An operation that moto lacks."""
    stack = call.cloudformation_backend.get_stack(call._get_param("StackName"))
    stack.enable_termination_protection = call._get_bool_param("EnableTerminationProtection")
    return ActionResult({"StackId": stack.stack_id})
