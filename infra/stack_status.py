"""What a stack's status allows, and what happened to its resources."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from infra.stages import DeployError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef, StackTypeDef

SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0
PATIENCE_S = 60 * 60.0  # a distribution takes minutes, a cluster a quarter of an hour; the network's end up to 40 min
NEVER_LIVED = frozenset({"ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS", "CREATE_FAILED"})
USABLE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"})
REMEDIES = {
    "UPDATE_ROLLBACK_FAILED": "Stack actions, Continue update rollback",
    "UPDATE_FAILED": "Stack actions, Roll back",
    "ROLLBACK_FAILED": "Delete, keeping the resources that cannot go",
    "DELETE_FAILED": "Delete, keeping the resources that cannot go",
}

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Mark:
    """A point in a stack's history: what came later is news."""

    seen: frozenset[str]


def find(cloudformation: "CloudFormationClient", name: str) -> "StackTypeDef | None":
    """The stack, None where there is none, or none any more. `name` may be the ARN, which finds deleted ones too."""
    try:
        stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return None if stack["StackStatus"] == "DELETE_COMPLETE" else stack


def outputs(stack: "StackTypeDef") -> dict[str, str]:
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def mark(cloudformation: "CloudFormationClient", stack: "StackTypeDef | None") -> Mark:
    """What has happened until now; one page of it, for nothing older is looked at again."""
    if stack is None:
        return Mark(frozenset())
    page = cloudformation.describe_stack_events(StackName=stack["StackId"])
    return Mark(frozenset(event["EventId"] for event in page["StackEvents"]))


def settle(
    cloudformation: "CloudFormationClient", name: str, progress: Progress, since: Mark | None = None
) -> "StackTypeDef | None":
    """Wait until nothing of the stack is in progress; what befalls its resources after `since` is told on the way.

    None if it is gone. Raises DeployError after an hour.
    """
    deadline = time.monotonic() + PATIENCE_S
    told = since.seen if since else frozenset()
    for pause in _pauses():
        stack = find(cloudformation, name)
        if stack is None:
            return None
        if since:
            told |= _tell(cloudformation, stack, told, progress)
        if not stack["StackStatus"].endswith("_IN_PROGRESS") or stack["StackStatus"] == "REVIEW_IN_PROGRESS":
            return stack
        if time.monotonic() > deadline:
            break
        time.sleep(pause)
    raise DeployError(f"stack {name} is still in progress after an hour: see the CloudFormation console, then repeat")


def first_failure(cloudformation: "CloudFormationClient", stack: "StackTypeDef", since: Mark) -> str:
    """The reason of the first resource that failed after `since`: the later ones were merely cancelled."""
    for event in _news(cloudformation, stack, since.seen):
        reason = event.get("ResourceStatusReason", "")
        if event.get("ResourceStatus", "").endswith("_FAILED") and "cancelled" not in reason:
            return f"{event.get('LogicalResourceId', '?')} ({event.get('ResourceType', '?')}): {reason}"
    return stack.get("StackStatusReason", "no resource gave a reason")


def refuse_stuck(stack: "StackTypeDef") -> None:
    """Raises DeployError with the console's remedy if the stack is in a state that only a person can lead it out of."""
    remedy = REMEDIES.get(stack["StackStatus"])
    if remedy:
        raise DeployError(
            f"stack {stack['StackName']} is stuck in {stack['StackStatus']}: in the CloudFormation console choose "
            f"{remedy}, then run the command again"
        )


def _tell(
    cloudformation: "CloudFormationClient", stack: "StackTypeDef", told: frozenset[str], progress: Progress
) -> frozenset[str]:
    news = _news(cloudformation, stack, told)
    for event in news:
        if not event["ResourceStatus"].endswith("_IN_PROGRESS") and event.get("PhysicalResourceId") != stack["StackId"]:
            progress(f"  {event['LogicalResourceId']} ({event['ResourceType']}) {event['ResourceStatus'].lower()}")
    return frozenset(event["EventId"] for event in news)


def _news(
    cloudformation: "CloudFormationClient", stack: "StackTypeDef", seen: frozenset[str]
) -> list["StackEventTypeDef"]:
    """What happened to it and is not in `seen`, oldest first."""
    news: list[StackEventTypeDef] = []
    for page in cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack["StackId"]):
        fresh = [event for event in page["StackEvents"] if event["EventId"] not in seen]
        news += fresh
        if len(fresh) < len(page["StackEvents"]):
            break  # they come newest first: from here on all is known
    return news[::-1]


def _pauses() -> Iterator[float]:
    pause = SHORTEST_PAUSE_S
    while True:
        yield pause
        pause = min(pause * 1.5, LONGEST_PAUSE_S)
