"""Brings CloudFormation stacks into the state that their templates describe, by change sets, and takes them down."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from botocore.exceptions import ClientError

from infra.stack_status import (
    NEVER_LIVED,
    USABLE,
    Progress,
    find,
    first_failure,
    mark,
    outputs,
    refuse_stuck,
    settle,
)
from infra.stages import DeployError
from local.terminal import step

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import ChangeTypeDef

LARGEST_TEMPLATE = 51_200  # bytes that a call may carry
CHANGE_SET_PATIENCE_S = 300
CHANGE_SET_PAUSE_S = 0.5
NOTHING_TO_DO = ("didn't contain changes", "No updates are to be performed")


@dataclass(frozen=True)
class Wanted:
    """A stack as it shall be."""

    name: str
    template: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    is_protected: bool = False


def bring_up(cloudformation: "CloudFormationClient", wanted: Wanted, progress: Progress) -> dict[str, str]:
    """Create or update the stack, wait for it, and return its outputs; nothing happens where nothing changed.

    What another run left half done is waited for, or cleared away when it never lived. Raises DeployError with the
    first failed resource's reason; CloudFormation has rolled the stack back by then.
    """
    kind = _prepare(cloudformation, wanted.name, progress)
    with step(wanted.name, progress):
        change_set = _propose(cloudformation, wanted, kind)
        if change_set is not None:
            _execute(cloudformation, wanted.name, change_set, progress)
        stack = find(cloudformation, wanted.name)
        if stack is None:
            raise DeployError(f"stack {wanted.name} vanished while it was made: run the command again")
        if wanted.is_protected and not stack.get("EnableTerminationProtection"):
            cloudformation.update_termination_protection(StackName=wanted.name, EnableTerminationProtection=True)
    return outputs(stack)


def preview(cloudformation: "CloudFormationClient", wanted: Wanted) -> list[str]:
    """What `bring_up` would change of an existing stack, a line each; the change set is thrown away again."""
    change_set = _propose(cloudformation, wanted, "UPDATE")
    if change_set is None:
        return []
    pages = cloudformation.get_paginator("describe_change_set").paginate(ChangeSetName=change_set)
    lines = [_described(change) for page in pages for change in page.get("Changes", [])]
    cloudformation.delete_change_set(ChangeSetName=change_set)
    return lines


def tear_down(cloudformation: "CloudFormationClient", name: str, progress: Progress) -> None:
    """Delete the stack, and wait; harmless where there is none. Raises DeployError if something of it stays."""
    stack = settle(cloudformation, name, progress)
    if stack is None:
        return
    since = mark(cloudformation, stack)
    with step(f"{name} deleted", progress):
        cloudformation.delete_stack(StackName=stack["StackId"])
        left = settle(cloudformation, stack["StackId"], progress, since)
        if left is not None:
            reason = first_failure(cloudformation, left, since)
            raise DeployError(f"stack {name} could not be deleted: {reason}: mend that, then run the command again")


def _prepare(cloudformation: "CloudFormationClient", name: str, progress: Progress) -> Literal["CREATE", "UPDATE"]:
    """Lead the stack to where a change set can be made of it, and say which kind."""
    stack = find(cloudformation, name)
    if stack and stack["StackStatus"].endswith("_IN_PROGRESS"):
        if stack["StackStatus"] != "REVIEW_IN_PROGRESS":
            progress(f"{name} is {stack['StackStatus'].lower()} by another hand: waiting for it")
        stack = settle(cloudformation, name, progress)
    if stack is None:
        return "CREATE"
    if stack["StackStatus"] in NEVER_LIVED:
        progress(f"{name} never came to life ({stack['StackStatus'].lower()}): it is made anew")
        tear_down(cloudformation, name, progress)
        return "CREATE"
    refuse_stuck(stack)
    if stack["StackStatus"] not in USABLE:
        raise DeployError(f"stack {name} is in {stack['StackStatus']}: see the CloudFormation console, then repeat")
    return "UPDATE"


def _propose(cloudformation: "CloudFormationClient", wanted: Wanted, kind: Literal["CREATE", "UPDATE"]) -> str | None:
    """The ARN of a change set that can be executed, None if nothing would change. Raises DeployError."""
    if len(wanted.template.encode()) > LARGEST_TEMPLATE:
        raise DeployError(f"the template of {wanted.name} has more than {LARGEST_TEMPLATE} bytes: split it")
    try:
        change_set = cloudformation.create_change_set(
            StackName=wanted.name,
            ChangeSetName=f"deploy-{secrets.token_hex(6)}",
            ChangeSetType=kind,
            TemplateBody=wanted.template,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in wanted.parameters.items()],
            Tags=[{"Key": key, "Value": value} for key, value in wanted.tags.items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )["Id"]
    except ClientError as error:
        if _is_nothing_to_do(str(error)):  # said at once, or by the change set's status
            return None
        raise
    refusal = _refusal(cloudformation, wanted.name, change_set)
    if refusal is None:
        return change_set
    cloudformation.delete_change_set(ChangeSetName=change_set)
    if _is_nothing_to_do(refusal):
        return None
    if kind == "CREATE":  # else an empty stack would stay in review
        cloudformation.delete_stack(StackName=wanted.name)
    raise DeployError(f"CloudFormation refuses the changes of {wanted.name}: {refusal}")


def _refusal(cloudformation: "CloudFormationClient", name: str, change_set: str) -> str | None:
    """Wait until the change set is worked out: None if it can be executed, else why not."""
    deadline = time.monotonic() + CHANGE_SET_PATIENCE_S
    while True:
        answer = cloudformation.describe_change_set(ChangeSetName=change_set)
        if answer["Status"] == "CREATE_COMPLETE":
            return None
        if answer["Status"] == "FAILED":
            return answer.get("StatusReason", "no reason given")
        if time.monotonic() > deadline:
            raise DeployError(f"CloudFormation did not work out the changes of {name}: run the command again")
        time.sleep(CHANGE_SET_PAUSE_S)


def _is_nothing_to_do(reason: str) -> bool:
    return any(words in reason for words in NOTHING_TO_DO)


def _execute(cloudformation: "CloudFormationClient", name: str, change_set: str, progress: Progress) -> None:
    before = find(cloudformation, name)
    since = mark(cloudformation, before)
    cloudformation.execute_change_set(ChangeSetName=change_set)
    stack = settle(cloudformation, before["StackId"] if before else name, progress, since)
    if stack is None:
        raise DeployError(f"stack {name} was deleted while it was changed: run the command again")
    if stack["StackStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        reason = first_failure(cloudformation, stack, since)
        raise DeployError(f"stack {name} is {stack['StackStatus'].lower()}, because of {reason}")


def _described(change: "ChangeTypeDef") -> str:
    resource = change.get("ResourceChange", {})
    replaced = " by a new one" if resource.get("Replacement") == "True" else ""
    action, name, kind = resource.get("Action", "?"), resource.get("LogicalResourceId"), resource.get("ResourceType")
    return f"{action} {name} ({kind}){replaced}"
