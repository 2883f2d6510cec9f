"""Stacks are brought up from whatever state an earlier run has left them in, or a person is told the remedy."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from moto.cloudformation.models import CloudFormationBackend

from infra.aws import Aws
from infra.stack_status import REMEDIES, find
from infra.stacks import LARGEST_TEMPLATE, Wanted, bring_up, preview, tear_down
from infra.stages import DeployError
from tests.infra.account import cloudformation, connect, empty_account, stack_called

NAME = "giftflick-dev-network"
TEMPLATE = """
Parameters:
  Days: {Type: String}
Resources:
  Kept:
    Type: AWS::SSM::Parameter
    Properties: {Name: kept, Type: String, Value: !Ref Days}
"""
WANTED = Wanted(NAME, TEMPLATE, {"Days": "7"}, {"project": "giftflick", "stage": "dev"})


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    with empty_account() as url:
        yield connect(monkeypatch, url)


def kept(aws: Aws) -> str:
    return aws.ssm.get_parameter(Name="kept")["Parameter"]["Value"]


def test_a_stack_is_created_with_its_tags_and_told_of(aws: Aws) -> None:
    told: list[str] = []

    bring_up(aws.cloudformation, WANTED, told.append)

    stack = find(aws.cloudformation, NAME)
    assert stack is not None
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert {tag["Key"]: tag["Value"] for tag in stack["Tags"]} == {"project": "giftflick", "stage": "dev"}
    assert told[-1].startswith(f"✓ {NAME} ")


def test_bringing_up_what_is_up_changes_nothing(aws: Aws) -> None:
    bring_up(aws.cloudformation, WANTED, lambda _: None)
    events = len(cloudformation().describe_stack_events(NAME))

    bring_up(aws.cloudformation, WANTED, lambda _: None)

    assert len(cloudformation().describe_stack_events(NAME)) == events


def test_a_changed_parameter_updates_the_stack(aws: Aws) -> None:
    bring_up(aws.cloudformation, WANTED, lambda _: None)

    bring_up(aws.cloudformation, replace(WANTED, parameters={"Days": "30"}), lambda _: None)

    assert kept(aws) == "30"


def test_a_preview_changes_nothing_and_leaves_no_change_set(aws: Aws) -> None:
    bring_up(aws.cloudformation, WANTED, lambda _: None)
    before = len(cloudformation().change_sets)

    preview(aws.cloudformation, replace(WANTED, parameters={"Days": "30"}))

    assert kept(aws) == "7"
    assert len(cloudformation().change_sets) == before


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "CREATE_FAILED", "REVIEW_IN_PROGRESS"])
def test_a_stack_that_never_lived_is_made_anew(aws: Aws, status: str) -> None:
    bring_up(aws.cloudformation, WANTED, lambda _: None)
    dead = stack_called(NAME)
    dead.status = status

    bring_up(aws.cloudformation, WANTED, lambda _: None)

    assert stack_called(NAME).stack_id != dead.stack_id
    assert stack_called(NAME).status == "CREATE_COMPLETE"


def test_a_stack_that_another_hand_is_changing_is_waited_for(aws: Aws) -> None:
    bring_up(aws.cloudformation, WANTED, lambda _: None)
    stack = stack_called(NAME)
    stack.status = "UPDATE_IN_PROGRESS"
    told: list[str] = []

    def other_hand_ends(line: str) -> None:
        told.append(line)
        if "by another hand" in line:
            stack.status = "UPDATE_COMPLETE"

    bring_up(aws.cloudformation, replace(WANTED, parameters={"Days": "30"}), other_hand_ends)

    assert told[0] == f"{NAME} is update_in_progress by another hand: waiting for it"
    assert kept(aws) == "30"


@pytest.mark.parametrize("status", sorted(REMEDIES))
def test_a_stuck_stack_is_left_alone_and_the_remedy_told(aws: Aws, status: str) -> None:
    bring_up(aws.cloudformation, WANTED, lambda _: None)
    stack_called(NAME).status = status

    with pytest.raises(DeployError) as refused:
        bring_up(aws.cloudformation, replace(WANTED, parameters={"Days": "30"}), lambda _: None)

    assert str(refused.value) == (
        f"stack {NAME} is stuck in {status}: in the CloudFormation console choose {REMEDIES[status]}, then run the "
        "command again"
    )
    assert kept(aws) == "7"


def test_a_failed_update_is_told_by_the_first_resource_that_failed(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    bring_up(aws.cloudformation, WANTED, lambda _: None)
    stack = stack_called(NAME)

    def fail(_backend: CloudFormationBackend, *_: object, **__: object) -> None:
        for name, reason in (
            ("Database", "The parameter MaxCapacity must be at least 1"),
            ("Logs", "Resource creation cancelled"),
        ):
            event = type(stack.events[0])(
                stack_id=stack.stack_id,
                stack_name=NAME,
                logical_resource_id=name,
                physical_resource_id="",
                resource_type="AWS::Some::Thing",
                resource_status="UPDATE_FAILED",
                resource_status_reason=reason,
                resource_properties=None,
            )
            stack.events.append(event)
        stack.status = "UPDATE_ROLLBACK_COMPLETE"

    monkeypatch.setattr(CloudFormationBackend, "execute_change_set", fail)

    with pytest.raises(DeployError) as failed:
        bring_up(aws.cloudformation, replace(WANTED, parameters={"Days": "30"}), lambda _: None)

    assert str(failed.value) == (
        f"stack {NAME} is update_rollback_complete, because of Database (AWS::Some::Thing): "
        "The parameter MaxCapacity must be at least 1"
    )


def test_a_change_set_that_is_refused_says_why_and_leaves_no_stack(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    create = CloudFormationBackend.create_change_set

    def refuse(backend: CloudFormationBackend, *args: object, **named: object) -> tuple[str, str]:
        made = create(backend, *args, **named)  # type: ignore[arg-type]
        backend.change_sets[made[0]].status = "FAILED"
        backend.change_sets[made[0]].status_reason = "Transform Foo failed"
        return made

    monkeypatch.setattr(CloudFormationBackend, "create_change_set", refuse)

    with pytest.raises(DeployError, match="refuses the changes of giftflick-dev-network: Transform Foo failed"):
        bring_up(aws.cloudformation, WANTED, lambda _: None)

    assert find(aws.cloudformation, NAME) is None


def test_a_template_too_large_for_a_call_is_refused_by_its_size(aws: Aws) -> None:
    large = TEMPLATE + "#" * LARGEST_TEMPLATE

    with pytest.raises(DeployError, match="has more than 51200 bytes"):
        bring_up(aws.cloudformation, replace(WANTED, template=large), lambda _: None)


def test_tearing_down_removes_the_stack_and_may_be_repeated(aws: Aws) -> None:
    bring_up(aws.cloudformation, WANTED, lambda _: None)

    tear_down(aws.cloudformation, NAME, lambda _: None)
    tear_down(aws.cloudformation, NAME, lambda _: None)

    assert find(aws.cloudformation, NAME) is None
    assert aws.ssm.describe_parameters()["Parameters"] == []


def test_a_stack_that_does_not_go_is_told(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    bring_up(aws.cloudformation, WANTED, lambda _: None)
    stack = stack_called(NAME)

    def stay(_backend: CloudFormationBackend, *_: object) -> None:
        stack.status = "DELETE_FAILED"

    monkeypatch.setattr(CloudFormationBackend, "delete_stack", stay)

    with pytest.raises(DeployError, match=r"could not be deleted: .*: mend that, then run the command again"):
        tear_down(aws.cloudformation, NAME, lambda _: None)
