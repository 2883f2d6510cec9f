"""What the stacks put out, kept in Parameter Store, where Zappa's callbacks and people read it."""

from collections.abc import Mapping

from infra.aws import Aws

PREFIX = "outputs/"


def read_outputs(aws: Aws) -> dict[str, str]:
    path = aws.stage.parameter(PREFIX)
    pages = aws.ssm.get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=True)
    return {entry["Name"].removeprefix(path): entry["Value"] for page in pages for entry in page["Parameters"]}


def write_outputs(aws: Aws, outputs: Mapping[str, str]) -> None:
    """Write those that are new or changed; what is no longer put out stays until `destroy`."""
    known = read_outputs(aws)
    for name, value in outputs.items():
        if known.get(name) != value:
            aws.ssm.put_parameter(Name=aws.stage.output(name), Value=value, Type="String", Overwrite=True)
