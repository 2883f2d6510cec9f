"""Which version of the secret `app` the edge stack reads CloudFront's secret header from."""

from infra.app_secret import AppSecret
from infra.aws import Aws
from infra.stack_status import find

PARAMETER = "EdgeSecretVersion"


def edge_secret_version(aws: Aws, secret: AppSecret) -> str:
    """The one that the stack has, as long as it holds the same header; else the current one.

    So that a new key of some vendor does not have CloudFront's distribution changed, which takes minutes.
    """
    stack = find(aws.cloudformation, aws.stage.stack("edge"))
    for parameter in stack.get("Parameters", []) if stack else []:
        if parameter["ParameterKey"] == PARAMETER:
            used = secret.read(parameter["ParameterValue"])
            if used and used.get("EDGE_SECRET") == secret.current()["EDGE_SECRET"]:
                return parameter["ParameterValue"]
    return secret.current_version()
