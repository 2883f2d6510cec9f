"""A cloud of its own, as a process, and what tests ask of it."""

import io
import json
import sys
import zipfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3

from local.aws.identities import REGION, ROOT_KEY
from local.environment import inherited_environment
from local.migrations import PROJECT
from local.ports import HOST
from local.processes import Process

Json = dict[str, Any]
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}


@dataclass(frozen=True)
class Stack:
    status: str
    reason: str
    outputs: Json
    events: list[tuple[str, str]] = field(default_factory=list)


class Cloud:
    """The cloud at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url
        session = boto3.Session(ROOT_KEY.id, ROOT_KEY.secret, region_name=REGION)
        self.client: Any = cache(lambda service: session.client(service, endpoint_url=url))

    def deploy(self, name: str, template: str | Json, **parameters: str) -> Stack:
        """Create or update the stack by a change set; the status is that of the change set where it failed."""
        api = self.client("cloudformation")
        exists = any(stack["StackName"] == name for stack in api.describe_stacks()["Stacks"])
        proposed = api.create_change_set(
            StackName=name,
            ChangeSetName=f"c{uuid4().hex}",
            ChangeSetType="UPDATE" if exists else "CREATE",
            TemplateBody=template if isinstance(template, str) else json.dumps(template),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        )["Id"]
        change_set = api.describe_change_set(ChangeSetName=proposed)
        if change_set["Status"] == "FAILED":
            return Stack("FAILED", change_set["StatusReason"], {})
        api.execute_change_set(ChangeSetName=proposed)
        return self.stack(name)

    def stack(self, name: str) -> Stack:
        """By its name, or by its ARN once it is deleted."""
        api = self.client("cloudformation")
        [found] = api.describe_stacks(StackName=name)["Stacks"]
        events = reversed(api.describe_stack_events(StackName=name)["StackEvents"])
        return Stack(
            found["StackStatus"],
            found.get("StackStatusReason", ""),
            {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])},
            [(event["LogicalResourceId"], event["ResourceStatus"]) for event in events],
        )

    def make_role(self, *allowed: str) -> str:
        """A function's role, which may call these actions."""
        iam, name = self.client("iam"), f"role-{uuid4().hex[:8]}"
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        if allowed:
            statement = {"Effect": "Allow", "Action": list(allowed), "Resource": "*"}
            policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            iam.put_role_policy(RoleName=name, PolicyName="allowed", PolicyDocument=policy)
        return arn

    def make_function(self, source: str, *, role: str = "", **options: Any) -> str:
        """Its name. `source` is the module `app`, whose `handler` is called."""
        name = f"function-{uuid4().hex[:8]}"
        given = {"Runtime": "python3.11", "Handler": "app.handler", "Timeout": 10, **options}
        code = {"ZipFile": zipped({"app.py": source})}
        self.client("lambda").create_function(FunctionName=name, Role=role or self.make_role(), Code=code, **given)
        return name

    def invoke(self, function: str, event: Json, **options: Any) -> Json:
        answer: Json = self.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event), **options)
        payload = answer["Payload"].read()
        return {**answer, "Payload": json.loads(payload) if payload else None}


def zipped(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def start_cloud(folder: Path) -> tuple[Process, Cloud]:
    command: list[str | Path] = [sys.executable, "-m", "local.cloud", "--data", folder / "data"]
    process = Process("cloud", command, log=folder / "cloud.log", env=inherited_environment(), cwd=PROJECT)
    process.start()
    return process, Cloud(f"http://{HOST}:{process.wait_for_port()}")
