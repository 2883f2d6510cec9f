"""What was deployed of one site's edge, read from the cloud's own API: distribution, keys, HTTP API, permissions."""

import fnmatch
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3

from local.aws.identities import REGION, ROOT_KEY
from local.gateway.routes import Route

if TYPE_CHECKING:
    from mypy_boto3_apigatewayv2 import ApiGatewayV2Client
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_cloudfront.type_defs import DistributionSummaryTypeDef, OriginOutputTypeDef
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client

S3_HOSTS = f".s3.{REGION}.amazonaws.com"
Json = dict[str, Any]


class NotDeployedError(Exception):
    """There is no such edge, or a part of it is missing."""


@dataclass(frozen=True)
class Behaviour:
    """How the distribution serves the paths of `pattern`."""

    pattern: str
    origin: str
    methods: frozenset[str]
    key_groups: frozenset[str]
    has_request_function: bool


@dataclass(frozen=True)
class Origin:
    """`bucket` is empty where it is the HTTP API."""

    domain: str
    headers: dict[str, str]
    bucket: str


@dataclass(frozen=True)
class Api:
    """The HTTP API behind the regional domain. Authorizer and site are names of functions."""

    site: str
    authorizer: str
    keep_s: float
    timeout_s: float
    protected: dict[str, bool]  # by route key: whether the authorizer is asked


@dataclass(frozen=True)
class Deployed:
    """`keys` are PEMs by key group and id, `readable` the buckets whose policy lets the distribution in."""

    behaviours: tuple[Behaviour, ...]
    origins: dict[str, Origin]
    keys: dict[str, dict[str, str]]
    readable: frozenset[str]
    api: Api

    def behaviour_for(self, path: str) -> Behaviour:
        return next(b for b in self.behaviours if fnmatch.fnmatchcase(path, b.pattern))


class Reader:
    """Reads the edge with the alias domain `alias` at `endpoint`."""

    def __init__(self, endpoint: str, alias: str) -> None:
        session = boto3.Session(ROOT_KEY.id, ROOT_KEY.secret, region_name=REGION)
        self._alias = alias
        self._cloudfront: CloudFrontClient = session.client("cloudfront", endpoint_url=endpoint)
        self._gateway: ApiGatewayV2Client = session.client("apigatewayv2", endpoint_url=endpoint)
        self._functions: LambdaClient = session.client("lambda", endpoint_url=endpoint)
        self._s3: S3Client = session.client("s3", endpoint_url=endpoint)

    def read(self) -> Deployed:
        """Raises NotDeployedError."""
        summary = self._distribution()
        origins = {origin["Id"]: _origin(origin) for origin in summary["Origins"]["Items"]}
        behaviours = [
            *(_behaviour(found, found["PathPattern"]) for found in summary["CacheBehaviors"].get("Items", [])),
            _behaviour(summary["DefaultCacheBehavior"], "*"),
        ]
        groups = {group for behaviour in behaviours for group in behaviour.key_groups}
        api_domain = origins[behaviours[-1].origin].domain
        buckets = {origin.bucket for origin in origins.values() if origin.bucket}
        return Deployed(
            tuple(behaviours),
            origins,
            {group: self._keys(group) for group in groups},
            frozenset(bucket for bucket in buckets if self._is_readable(bucket, summary["ARN"])),
            self._api(api_domain),
        )

    def _distribution(self) -> "DistributionSummaryTypeDef":
        for page in self._cloudfront.get_paginator("list_distributions").paginate():
            for summary in page["DistributionList"].get("Items", []):
                if self._alias in summary["Aliases"].get("Items", []) and summary["Enabled"]:
                    return summary
        raise NotDeployedError(f"no distribution has the alias {self._alias}")

    def _keys(self, group: str) -> dict[str, str]:
        ids = self._cloudfront.get_key_group(Id=group)["KeyGroup"]["KeyGroupConfig"]["Items"]
        known = self._cloudfront.list_public_keys()["PublicKeyList"].get("Items", [])
        return {key["Id"]: key["EncodedKey"] for key in known if key["Id"] in ids}

    def _is_readable(self, bucket: str, distribution: str) -> bool:
        try:
            policy = json.loads(self._s3.get_bucket_policy(Bucket=bucket)["Policy"])
        except self._s3.exceptions.ClientError:
            return False
        return any(
            statement["Effect"] == "Allow"
            and statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
            and _is_for(statement, "AWS:SourceArn", distribution)
            for statement in policy["Statement"]
        )

    def _api(self, domain: str) -> Api:
        names = self._gateway.get_domain_names()["Items"]
        named = [name for name in names if domain in _targets(name)]
        if not named:
            raise NotDeployedError(f"no domain name of the HTTP API leads to {domain}")
        [mapping] = self._gateway.get_api_mappings(DomainName=named[0]["DomainName"])["Items"]
        api = mapping["ApiId"]
        [integration] = self._gateway.get_integrations(ApiId=api)["Items"]
        routes = self._gateway.get_routes(ApiId=api)["Items"]
        [gate] = {route["AuthorizerId"] for route in routes if "AuthorizerId" in route}
        authorizer = self._gateway.get_authorizer(ApiId=api, AuthorizerId=gate)
        site, gatekeeper = _function_of(integration["IntegrationUri"]), _function_of(authorizer["AuthorizerUri"])
        for name in (site, gatekeeper):
            self._expect_permission(name, api)
        return Api(
            site,
            gatekeeper,
            float(authorizer["AuthorizerResultTtlInSeconds"]),
            integration["TimeoutInMillis"] / 1000,
            {route["RouteKey"]: bool(route.get("AuthorizerId")) for route in routes},
        )

    def _expect_permission(self, function: str, api: str) -> None:
        """Zappa removes permissions that it did not make; this one must have survived."""
        try:
            policy = json.loads(self._functions.get_policy(FunctionName=function)["Policy"])
        except self._functions.exceptions.ResourceNotFoundException as error:
            raise NotDeployedError(f"there is no function {function}, or nobody may call it") from error
        for statement in policy["Statement"]:
            if _principal(statement) == "apigateway.amazonaws.com" and f":{api}/" in json.dumps(statement["Condition"]):
                return
        raise NotDeployedError(f"API Gateway may not call {function}")


def match(protected: dict[str, bool], method: str, path: str) -> Route | None:
    """The route that an HTTP API with these takes: the whole path before a greedy one, the method before ANY."""
    for key in sorted(protected, key=_order):
        wanted, _, pattern = key.partition(" ")
        prefix, is_greedy, _ = pattern.partition("{proxy+}")
        if wanted not in (method, "ANY", "$default"):
            continue
        if wanted == "$default" or path == pattern:
            return Route(key, protected[key])
        if is_greedy and path.startswith(prefix) and path != prefix:
            return Route(key, protected[key], path.removeprefix(prefix))
    return None


def _order(key: str) -> tuple[bool, bool, bool]:
    return key == "$default", "{proxy+}" in key, key.startswith("ANY ")


def _behaviour(found: Any, pattern: str) -> Behaviour:
    functions = found.get("FunctionAssociations", {}).get("Items", [])
    return Behaviour(
        pattern,
        found["TargetOriginId"],
        frozenset(found["AllowedMethods"]["Items"]),
        frozenset(found.get("TrustedKeyGroups", {}).get("Items", [])),
        any(function["EventType"] == "viewer-request" for function in functions),
    )


def _origin(found: "OriginOutputTypeDef") -> Origin:
    domain = found["DomainName"]
    headers = {item["HeaderName"].lower(): item["HeaderValue"] for item in found["CustomHeaders"].get("Items", [])}
    return Origin(domain, headers, domain.removesuffix(S3_HOSTS) if domain.endswith(S3_HOSTS) else "")


def _targets(name: Any) -> list[str]:
    return [configuration["ApiGatewayDomainName"] for configuration in name["DomainNameConfigurations"]]


def _function_of(uri: str) -> str:
    """From a function's ARN, or API Gateway's URI with one in it."""
    return uri.partition(":function:")[2].partition("/")[0]


def _principal(statement: Json) -> str:
    principal = statement["Principal"]
    return str(principal["Service"] if isinstance(principal, dict) else principal)


def _is_for(statement: Json, key: str, value: str) -> bool:
    equals = {name.lower(): wanted for name, wanted in statement.get("Condition", {}).get("StringEquals", {}).items()}
    return bool(equals.get(key.lower()) == value)
