"""What moto gets wrong about the services that we deploy to, mended in place, and operations that it lacks."""

from typing import Any
from uuid import uuid4

from moto.apigatewayv2.models import ApiGatewayV2Backend, DomainName
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudfront.models import DefaultCacheBehaviour
from moto.cloudfront.responses import CloudFrontResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

from local.cloud.patching import replace_methods


def mend() -> None:
    """Before moto's first call."""
    # moto sees neither whom a bucket's policy is about nor its conditions: "deny whatever comes without TLS" would deny
    # everything. What CloudFront may read, the edge asks for itself.
    replace_methods(FakeBucket, get_permission=lambda *_call: PermissionResult.NEUTRAL)
    replace_methods(CloudFormationResponse, update_termination_protection=_update_termination_protection)
    _tell_regional_domains()
    _keep_function_associations()
    replace_methods(
        CloudFrontResponse,
        update_key_group=_update_key_group,
        delete_key_group=_delete_key_group,
        update_function=_update_function,
    )


def _tell_regional_domains() -> None:
    create = ApiGatewayV2Backend.create_domain_name

    def create_domain_name(backend: ApiGatewayV2Backend, **options: Any) -> DomainName:
        domain = create(backend, **options)
        own = f"d-{uuid4().hex[:10]}.execute-api.{backend.region_name}.amazonaws.com"
        for configuration in domain.domain_name_configurations:
            configuration["apiGatewayDomainName"] = own
        return domain

    replace_methods(ApiGatewayV2Backend, create_domain_name=create_domain_name)


def _keep_function_associations() -> None:
    make = DefaultCacheBehaviour.__init__

    def make_with_functions(behaviour: DefaultCacheBehaviour, config: dict[str, Any]) -> None:
        make(behaviour, config)
        behaviour.function_associations = config.get("FunctionAssociations", {"Quantity": 0})

    replace_methods(DefaultCacheBehaviour, __init__=make_with_functions)


def _update_key_group(call: CloudFrontResponse) -> ActionResult:
    group = call.backend.get_key_group(call._get_param("Id"))  # noqa: SLF001
    group.items = call._get_param("KeyGroupConfig.Items")  # noqa: SLF001
    return ActionResult({"KeyGroup": group, "ETag": group.etag})


def _delete_key_group(call: CloudFrontResponse) -> ActionResult:
    del call.backend.key_groups[call._get_param("Id")]  # noqa: SLF001
    return EmptyResult()


def _update_function(call: CloudFrontResponse) -> ActionResult:
    function = call.backend.get_function(call._get_param("Name"))  # noqa: SLF001
    function.config, function.code = call._get_param("FunctionConfig"), call._get_param("FunctionCode")  # noqa: SLF001
    return ActionResult({"FunctionSummary": function, "ETag": function.etag})


def _update_termination_protection(call: CloudFormationResponse) -> ActionResult:
    stack = call.cloudformation_backend.get_stack(call._get_param("StackName"))  # noqa: SLF001
    stack.enable_termination_protection = call._get_bool_param("EnableTerminationProtection")  # noqa: SLF001
    return ActionResult({"StackId": stack.stack_id})
