"""The renderer's access key is exchanged while both work; what a killed process leaves is put right."""

import json
import signal
from typing import Any

import boto3
import pytest

from giftflick.remote import CommandFailedError, run
from local.aws.identities import REGION
from local.stack import Stack
from tests.remote.conftest import Console
from tests.system import System

ISSUE, RETIRE, STATUS = (f"renderer_key --action={action}" for action in ("issue", "retire", "status"))
KEYS = "api.rendering.access_keys"
SEND = "botocore.httpsession.URLLib3Session.send"
# Where to kill `issue`: the points, which passing of the last one; and how many keys the user has then.
POINTS = {
    "before anything": ([f"{KEYS}.issue:call"], 1, 1),
    "during the creation": ([f"{KEYS}.look:return", f"{SEND}:return"], 1, 2),
    "before it is stored": ([f"{KEYS}.look:return", f"{SEND}:call"], 2, 2),
    "while it is stored": ([f"{KEYS}.look:return", f"{SEND}:return"], 2, 2),
    "before it is told": ([f"{KEYS}.issue:return"], 1, 2),
}


def keys_of(stage: Console) -> list[str]:
    listed = stage.iam.list_access_keys(UserName=stage.renderer_user)["AccessKeyMetadata"]
    return [key["AccessKeyId"] for key in listed]


def stored(stage: Console) -> dict[str, str]:
    held: dict[str, str] = json.loads(stage.secret(stage.renderer_secret))
    return held


def use(stack: Stack, held: dict[str, str]) -> None:
    """As the renderer does."""
    session = boto3.Session(held["access_key_id"], held["secret_access_key"], region_name=REGION)
    session.client("sts", endpoint_url=stack.env["AWS_ENDPOINT_URL"]).get_caller_identity()


def test_the_first_key_is_made_and_stored(stage: Console) -> None:
    answer = run(ISSUE)

    held = stored(stage)
    assert [held["access_key_id"]] == keys_of(stage)
    assert len(held["secret_access_key"]) >= 40
    [key] = answer["keys"]
    assert (answer["is_done"], answer["secret"]) == (True, stage.renderer_secret)
    assert (key["id_ends_with"], key["is_stored"], key["last_used_at"]) == (held["access_key_id"][-4:], True, None)


def test_a_whole_exchange_leaves_the_new_key_alone(stage: Console, stack: Stack) -> None:
    run(ISSUE)
    first = stored(stage)
    use(stack, first)

    run(ISSUE)
    second = stored(stage)
    both = keys_of(stage)
    use(stack, second)
    answer = run(RETIRE)

    assert set(both) == {first["access_key_id"], second["access_key_id"]}
    assert keys_of(stage) == [second["access_key_id"]]
    assert (answer["is_done"], len(answer["keys"])) == (True, 1)


def test_while_two_keys_are_there_no_third_is_made(stage: Console) -> None:
    run(ISSUE)
    run(ISSUE)
    held, both = stored(stage), keys_of(stage)

    answer = run(ISSUE)

    assert answer["is_done"] is False
    assert (stored(stage), keys_of(stage)) == (held, both)


def test_the_only_key_is_never_retired(stage: Console) -> None:
    run(ISSUE)

    for line in (RETIRE, f"{RETIRE} --force"):
        assert run(line)["is_done"] is False

    assert keys_of(stage) == [stored(stage)["access_key_id"]]


def test_a_key_is_not_retired_before_the_renderer_uses_the_newer_unless_forced(stage: Console, stack: Stack) -> None:
    run(ISSUE)
    use(stack, stored(stage))
    run(ISSUE)

    with pytest.raises(CommandFailedError, match="not used the newer key yet"):
        run(RETIRE)
    assert len(keys_of(stage)) == 2

    assert run(f"{RETIRE} --force")["is_done"] is True
    assert keys_of(stage) == [stored(stage)["access_key_id"]]


def test_a_key_that_was_used_after_the_newer_is_not_retired(stage: Console, stack: Stack) -> None:
    run(ISSUE)
    first = stored(stage)
    run(ISSUE)
    use(stack, stored(stage))
    answer = run(STATUS)
    while answer["keys"][0]["last_used_at"] is None or (
        answer["keys"][0]["last_used_at"] <= answer["keys"][1]["last_used_at"]
    ):  # AWS tells whole seconds
        use(stack, first)
        answer = run(STATUS)

    with pytest.raises(CommandFailedError, match="used the older key last"):
        run(RETIRE)


def test_a_key_that_was_made_by_hand_and_is_in_use_is_not_deleted(stage: Console, stack: Stack) -> None:
    made = [stage.iam.create_access_key(UserName=stage.renderer_user)["AccessKey"] for _ in range(2)]
    for key in made:
        use(stack, {"access_key_id": key["AccessKeyId"], "secret_access_key": key["SecretAccessKey"]})

    with pytest.raises(CommandFailedError, match="in no secret: delete one in IAM"):
        run(ISSUE)
    with pytest.raises(CommandFailedError, match="not the one in the secret"):
        run(f"{RETIRE} --force")

    assert set(keys_of(stage)) == {key["AccessKeyId"] for key in made}


@pytest.mark.parametrize("rubbish", ["", "{", "[]", '"x"', '{"access_key_id": null}'])
def test_a_secret_that_holds_no_key_is_filled(stage: Console, rubbish: str) -> None:
    stage.secrets.put_secret_value(SecretId=stage.renderer_secret, SecretString=rubbish or "x")

    run(ISSUE)

    assert keys_of(stage) == [stored(stage)["access_key_id"]]


def test_without_a_renderers_user_it_is_told(stage: Console, settings: Any) -> None:
    settings.RENDERER_USER = ""

    for line in (ISSUE, RETIRE, STATUS):
        with pytest.raises(CommandFailedError, match="RENDERER_USER and RENDERER_SECRET are not set"):
            run(line)


def test_aws_away_is_told(stage: Console, aws_away: None) -> None:
    for line in (ISSUE, RETIRE, STATUS):
        with pytest.raises(CommandFailedError, match=r"did not do as asked \(.+\)\. Run it again\."):
            run(line)


@pytest.mark.parametrize(("points", "nth", "left"), POINTS.values(), ids=POINTS)
def test_killed_anywhere_the_next_run_stores_a_key_that_works(
    points: list[str], nth: int, left: int, system: System, stage: Console, stack: Stack
) -> None:
    run(ISSUE)
    first = stored(stage)
    killer = ["tests.drills.killer", *[word for point in points for word in ("--at", point)], "--nth", str(nth)]

    done = system.run("-m", *killer, "--", "manage.py", "renderer_key", "--action", "issue", **stage.environment)
    assert (done.returncode, len(keys_of(stage))) == (-signal.SIGKILL, left), done.stderr
    use(stack, first)

    run(ISSUE)

    second = stored(stage)
    assert second != first
    assert set(keys_of(stage)) == {first["access_key_id"], second["access_key_id"]}
    use(stack, second)
    run(RETIRE)
    assert keys_of(stage) == [second["access_key_id"]]
