"""Lambda's API where moto's falls short: invocations, and what Zappa calls."""

import base64
import json
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from moto.awslambda import urls
from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaBackend, LambdaFunction, LambdaStorage
from moto.awslambda.responses import LambdaResponse

from local.cloud.functions import Functions
from local.cloud.patching import replace_methods
from local.lambda_runtime import ThrottledError

CODE = "/lambda-code/"
TAIL_BYTES = 4096
Answer = tuple[int, dict[str, str], str | bytes]


class _TooManyRequestsError(LambdaClientError):
    code = 429

    def __init__(self, message: str) -> None:
        super().__init__("TooManyRequestsException", message)


def install(functions: Functions) -> None:
    """Before moto's first call; there is one of these in a process."""
    _add_invocations(functions)
    _add_code(functions)
    _mend_arguments()
    _mend_versions()
    # Of these nobody has one here, but Zappa asks.
    urls.url_paths[r"{0}/(?P<api_version>[^/]+)/functions/(?P<function_name>[^/]+)/urls/?$"] = _function_urls


def _add_invocations(functions: Functions) -> None:
    delete = LambdaBackend.delete_function

    def invoke(call: LambdaResponse) -> Answer:
        name = unquote(call.path.rsplit("/", 2)[-2])
        spec = call.backend.get_function(name, call._get_param("Qualifier"))  # noqa: SLF001
        return _invoke(functions, spec, json.loads(call.body or "{}"), call.headers)

    def delete_function(backend: LambdaBackend, function_name: str, qualifier: str | None = None) -> None:
        delete(backend, function_name, qualifier)
        if qualifier is None:
            functions.forget(function_name.rpartition(":function:")[2])

    replace_methods(LambdaResponse, invoke=invoke)
    replace_methods(LambdaBackend, delete_function=delete_function)


def _invoke(functions: Functions, spec: LambdaFunction, event: Any, headers: Any) -> Answer:
    mark = str(uuid4())
    kind = headers.get("X-Amz-Invocation-Type", "RequestResponse")
    said = {"x-amzn-RequestId": mark, "Content-Type": "application/json", "X-Amz-Executed-Version": str(spec.version)}
    if kind == "DryRun":
        return 204, {**said, "status": "204"}, ""
    if kind == "Event":
        functions.invoke_later(spec, event, mark)
        return 202, {**said, "status": "202"}, ""  # moto takes the status from here
    try:
        outcome = functions.invoke(spec, event, mark)
    except ThrottledError as error:
        raise _TooManyRequestsError(str(error)) from error
    if outcome.is_error:
        said["X-Amz-Function-Error"] = "Unhandled"
    if headers.get("X-Amz-Log-Type") == "Tail":
        said["X-Amz-Log-Result"] = base64.b64encode(outcome.log.encode()[-TAIL_BYTES:]).decode()
    return 200, said, outcome.payload


def _add_code(functions: Functions) -> None:
    """The uploaded zip at the address that GetFunction tells, which nobody can guess."""
    code = LambdaFunction.get_code

    def get_code(spec: LambdaFunction) -> dict[str, Any]:
        answer = code(spec)
        location = f"{functions.endpoint}{CODE}{functions.keep_zip(spec)}"
        return {**answer, "Code": {"RepositoryType": "S3", "Location": location}}

    replace_methods(LambdaFunction, get_code=get_code)


def _mend_arguments() -> None:
    find, configure = LambdaStorage.get_function_by_name_with_qualifier, LambdaBackend.put_function_event_invoke_config
    allow = LambdaResponse.add_permission

    def by_partial_arn(storage: LambdaStorage, name: str, qualifier: str | None = None) -> LambdaFunction:
        return find(storage, name.removeprefix("function:"), qualifier)

    def instead_of_the_last(backend: LambdaBackend, function_name: str, config: dict[str, Any]) -> dict[str, Any]:
        backend.get_function(function_name).event_invoke_config.clear()
        return configure(backend, function_name, config)

    replace_methods(LambdaStorage, get_function_by_name_with_qualifier=by_partial_arn)
    replace_methods(LambdaBackend, put_function_event_invoke_config=instead_of_the_last)
    replace_methods(LambdaResponse, add_permission=lambda call: (201, {"status": "201"}, allow(call)))


def _mend_versions() -> None:
    """A number is given once, also after Zappa has deleted the oldest versions: moto counts those that are left."""
    publish, delete = LambdaStorage.publish_version, LambdaStorage.del_function

    def publish_anew(storage: LambdaStorage, name: str, description: str = "") -> LambdaFunction | None:
        before = _versions(storage, name)
        made = publish(storage, name, description)
        if made is not None and made not in before:
            made.set_version(1 + max((int(version.version) for version in before), default=0))
            _know_by_arn(storage, [*before, made])
        return made

    def delete_all(storage: LambdaStorage, name: str, qualifier: str | None = None) -> None:
        spec = storage.get_function_by_name_or_arn_with_qualifier(name, qualifier)
        _know_by_arn(storage, [spec, *_versions(storage, spec.function_name)])  # or moto misses one of them
        delete(storage, name, qualifier)

    replace_methods(LambdaStorage, publish_version=publish_anew, del_function=delete_all)


def _versions(storage: LambdaStorage, name: str) -> list[LambdaFunction]:
    function = storage.get_function_by_name_or_arn_forbid_qualifier(name)
    return list(storage._functions[function.function_name]["versions"])  # noqa: SLF001


def _know_by_arn(storage: LambdaStorage, functions: list[LambdaFunction]) -> None:
    for function in functions:
        storage._arns[function.function_arn] = function  # noqa: SLF001


def _function_urls(_request: Any, _url: str, _headers: Any) -> Answer:
    return 200, {"Content-Type": "application/json"}, json.dumps({"FunctionUrlConfigs": []})
