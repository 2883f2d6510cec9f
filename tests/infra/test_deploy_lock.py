"""One command at a time changes a stage; one that died is succeeded by exactly one other."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

import pytest
from moto.ssm.models import SimpleSystemManagerBackend

from infra.aws import Aws
from infra.deploy_lock import STALE_AFTER, DeployLock
from infra.stages import DeployError
from tests.infra.account import DEV, connect, empty_account

NOON = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
LATER = NOON + STALE_AFTER + timedelta(seconds=1)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """As AWS does, it puts one parameter at a time: moto looks whether there is one, and then puts it."""
    one_at_a_time, put = Lock(), SimpleSystemManagerBackend.put_parameter

    def put_alone(*arguments: Any, **named: Any) -> Any:
        with one_at_a_time:
            return put(*arguments, **named)

    monkeypatch.setattr(SimpleSystemManagerBackend, "put_parameter", put_alone)
    with empty_account() as url:
        yield connect(monkeypatch, url)


def lock_at(aws: Aws, moment: datetime) -> DeployLock:
    return DeployLock(aws.ssm, DEV, clock=lambda: moment)


def parameters(aws: Aws) -> list[str]:
    return [entry["Name"] for entry in aws.ssm.describe_parameters()["Parameters"]]


def test_a_second_command_is_told_who_holds_the_stage(aws: Aws) -> None:
    lock_at(aws, NOON).take("make deploy")

    with pytest.raises(DeployError) as refused:
        lock_at(aws, NOON + STALE_AFTER).take("make rotate")

    assert str(refused.value).startswith("dev is being changed by make deploy of ")
    assert "last heard of at 2026-11-27T12:00:00+00:00" in str(refused.value)
    assert str(refused.value).endswith("aws ssm delete-parameter --name /giftflick/dev/lock")


def test_of_many_at_once_one_gets_it(aws: Aws) -> None:
    locks = [lock_at(aws, NOON) for _ in range(8)]

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(has_taken, locks))

    assert taken.count(True) == 1


def has_taken(lock: DeployLock) -> bool:
    try:
        lock.take("make deploy")
    except DeployError:
        return False
    return True


def test_it_is_free_again_after_the_block_even_when_that_fails(aws: Aws) -> None:
    with pytest.raises(KeyError), lock_at(aws, NOON).held("make deploy"):
        raise KeyError

    assert parameters(aws) == []


def test_of_many_heirs_one_succeeds_a_dead_holder(aws: Aws) -> None:
    lock_at(aws, NOON).take("make deploy")

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(has_taken, [lock_at(aws, LATER) for _ in range(8)]))

    assert taken.count(True) == 1
    assert parameters(aws) == ["/giftflick/dev/lock"]


def test_a_holder_that_is_heard_of_is_not_taken_for_dead(aws: Aws) -> None:
    moments = iter([NOON, LATER])
    holder = DeployLock(aws.ssm, DEV, clock=lambda: next(moments))
    holder.take("make deploy")
    holder.refresh()

    assert not has_taken(lock_at(aws, LATER + timedelta(minutes=1)))


def test_who_was_taken_for_dead_stops_and_leaves_the_heirs_lock(aws: Aws) -> None:
    slow = lock_at(aws, NOON)
    slow.take("make deploy")
    lock_at(aws, LATER).take("make rollback")

    with pytest.raises(DeployError, match="another command has taken over dev"):
        slow.refresh()
    slow.release()

    assert parameters(aws) == ["/giftflick/dev/lock"]
