"""The doors: routes and authorizer as on a laptop, one way in, and what CloudFront caches, adds and cuts."""

import json
import re
from typing import Any

import pytest

from local.gateway.authorizer import IDENTITY, KEEP_S
from local.gateway.routes import Route, match
from tests.infra.evaluation import STAGES, TEMPLATES, of_type, resources_in

# A call for each route that the local gateway knows.
CALLS = [("GET", "/v1/gifts"), ("GET", "/v1/openapi.json"), ("OPTIONS", "/v1/gifts"), ("GET", "/g/token")]


def properties(name: str, stage: str = "production") -> Any:
    return resources_in("edge", stage)[name]["Properties"]


def config() -> Any:
    return properties("Distribution")["DistributionConfig"]


def origin(name: str) -> Any:
    return next(one for one in config()["Origins"] if one["Id"] == name)


def behavior(pattern: str) -> Any:
    return next(one for one in config()["CacheBehaviors"] if one["PathPattern"] == pattern)


def test_the_routes_are_those_of_the_local_gateway() -> None:
    routes = of_type(resources_in("edge", "dev"), "ApiGatewayV2::Route").values()
    local = [match(method, path) for method, path in CALLS]

    assert {Route(route["RouteKey"], route["AuthorizationType"] == "CUSTOM") for route in routes} == {
        Route(route.key, route.needs_authorizer) for route in local
    }
    for route in routes:
        assert route["Target"] == {"Fn::Sub": "integrations/${Integration}"}
        assert route.get("AuthorizerId") == ({"Ref": "Authorizer"} if route["AuthorizationType"] == "CUSTOM" else None)


def test_the_authorizer_answers_as_the_local_one_and_is_kept_as_long() -> None:
    authorizer = properties("Authorizer")

    assert authorizer["AuthorizerType"] == "REQUEST"
    assert authorizer["AuthorizerPayloadFormatVersion"] == "2.0"
    assert authorizer["EnableSimpleResponses"] is True
    assert [source.lower() for source in authorizer["IdentitySource"]] == [f"$request.header.{IDENTITY}"]
    assert authorizer["AuthorizerResultTtlInSeconds"] == KEEP_S == 45


def test_the_authorizers_function_is_outside_the_vpc_and_knows_the_table_only() -> None:
    function = properties("AuthorizerFunction")

    assert function["FunctionName"] == {"Fn::Sub": "giftflick-${Stage}-authorizer"}
    assert function["Handler"] == "accounts.authorizer.handler"
    assert function["Environment"] == {"Variables": {"KEY_TABLE": {"Ref": "KeyTable"}}}
    assert "VpcConfig" not in function


def test_api_gateway_may_call_both_functions_for_this_api_only() -> None:
    permissions = of_type(resources_in("edge", "dev"), "Lambda::Permission")

    for permission in permissions.values():
        assert permission["Principal"] == "apigateway.amazonaws.com"
        assert "${Api}/" in permission["SourceArn"]["Fn::Sub"]
    assert {name: one["FunctionName"]["Ref"] for name, one in permissions.items()} == {
        "AuthorizerPermission": "AuthorizerFunction",
        "SitePermission": "FunctionArn",
    }


def test_the_api_is_reached_by_its_domain_only_and_answers_no_preflight_itself() -> None:
    api, domain = properties("Api"), properties("ApiDomain")

    assert (api["ProtocolType"], api["DisableExecuteApiEndpoint"]) == ("HTTP", True)
    assert "CorsConfiguration" not in api
    assert domain["DomainName"] == {"Ref": "AliasDomain"}
    assert domain["DomainNameConfigurations"] == [
        {"CertificateArn": {"Ref": "RegionalCertificateArn"}, "EndpointType": "REGIONAL", "SecurityPolicy": "TLS_1_2"}
    ]
    assert properties("Integration")["PayloadFormatVersion"] == "2.0"


@pytest.mark.parametrize("stage", STAGES)
def test_calls_are_throttled(stage: str) -> None:
    settings = properties("ApiStage", stage)["DefaultRouteSettings"]

    calls = {"dev": 50, "staging": 100, "production": 500}[stage]
    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (calls, 2 * calls)


def test_the_access_log_knows_the_routes_pattern_and_neither_path_nor_person() -> None:
    line = json.loads(properties("ApiStage")["AccessLogSettings"]["Format"])

    assert line["route"] == "$context.routeKey"
    assert line["request_id"] == "$context.requestId"
    logged = " ".join(line.values())
    assert not re.search(r"path|query|identity|sourceIp|userAgent|domainName|account_name", logged, re.IGNORECASE)


def test_cloudfront_answers_at_the_alias_from_ssm_with_modern_tls() -> None:
    assert TEMPLATES["edge"]["Parameters"]["AliasDomain"]["Type"] == "AWS::SSM::Parameter::Value<String>"
    assert config()["Aliases"] == [{"Ref": "AliasDomain"}]
    assert config()["ViewerCertificate"] == {
        "AcmCertificateArn": {"Ref": "CertificateArn"},
        "MinimumProtocolVersion": "TLSv1.2_2021",
        "SslSupportMethod": "sni-only",
    }
    assert config()["HttpVersion"] == "http2and3"
    for one in [config()["DefaultCacheBehavior"], *config()["CacheBehaviors"]]:
        assert one["ViewerProtocolPolicy"] == "redirect-to-https"


def test_the_api_gets_host_the_viewers_address_and_the_secret_and_nothing_of_it_is_cached() -> None:
    api, default = origin("api"), config()["DefaultCacheBehavior"]
    requests = properties("ApiRequests")["OriginRequestPolicyConfig"]

    assert api["DomainName"] == {"Fn::GetAtt": ["ApiDomain", "RegionalDomainName"]}
    assert api["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert api["OriginCustomHeaders"] == [
        {
            "HeaderName": "X-Origin-Secret",
            "HeaderValue": {
                "Fn::Sub": "{{resolve:secretsmanager:${AppSecret}:SecretString:EDGE_SECRET::${EdgeSecretVersion}}}"
            },
        }
    ]
    assert default["TargetOriginId"] == "api"
    assert default["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    assert set(default["AllowedMethods"]) == {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"}
    assert default["OriginRequestPolicyId"] == {"Ref": "ApiRequests"}
    assert requests["HeadersConfig"] == {
        "HeaderBehavior": "allViewerAndWhitelistCloudFront",
        "Headers": ["CloudFront-Viewer-Address"],
    }
    assert (requests["CookiesConfig"], requests["QueryStringsConfig"]) == (
        {"CookieBehavior": "all"},
        {"QueryStringBehavior": "all"},
    )


def test_cloudfront_is_asked_for_no_header_that_it_refuses_to_add() -> None:
    """AWS keeps these beginnings for itself, and refuses a distribution with one of them."""
    for one in config()["Origins"]:
        for header in one.get("OriginCustomHeaders", []):
            assert not header["HeaderName"].lower().startswith(("x-amz-", "x-edge-", "x-real-ip", "proxy-"))


@pytest.mark.parametrize(("pattern", "bucket", "seconds"), [("static", "Static", 31_536_000), ("media", "Media", 3600)])
def test_files_come_from_their_bucket_and_are_cached(pattern: str, bucket: str, seconds: int) -> None:
    files = behavior(f"/{pattern}/*")
    caching = properties(f"{bucket}Caching")["CachePolicyConfig"]

    assert files["TargetOriginId"] == pattern
    assert files["CachePolicyId"] == {"Ref": f"{bucket}Caching"}
    assert files["ResponseHeadersPolicyId"] == {"Ref": f"{bucket}Headers"}
    assert (caching["DefaultTTL"], caching["MaxTTL"]) == (seconds, seconds)
    assert origin(pattern)["DomainName"] == {"Ref": f"{bucket}BucketDomain"}
    assert origin(pattern)["OriginAccessControlId"] == {"Ref": f"{bucket}Access"}
    access = properties(f"{bucket}Access")["OriginAccessControlConfig"]
    assert (access["SigningBehavior"], access["SigningProtocol"]) == ("always", "sigv4")


@pytest.mark.parametrize("bucket", ["Media", "Static"])
def test_only_this_distribution_reads_a_bucket(bucket: str) -> None:
    policy = properties(f"{bucket}BucketPolicy")
    [allowed] = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Allow"]

    assert policy["Bucket"] == {"Ref": f"{bucket}Bucket"}
    assert (allowed["Principal"], allowed["Action"]) == ({"Service": "cloudfront.amazonaws.com"}, "s3:GetObject")
    source = allowed["Condition"]["StringEquals"]["aws:SourceArn"]["Fn::Sub"]
    assert source.endswith(":distribution/${Distribution}")


def test_media_need_a_signature_and_nothing_else_does() -> None:
    assert behavior("/media/*")["TrustedKeyGroups"] == [{"Ref": "MediaKeys"}]
    assert "TrustedKeyGroups" not in behavior("/static/*")
    assert properties("MediaKeys")["KeyGroupConfig"]["Items"] == {"Fn::Split": [",", {"Ref": "MediaPublicKeys"}]}


def test_the_prefix_of_media_is_cut_on_their_way_to_the_bucket_only() -> None:
    cut = {"EventType": "viewer-request", "FunctionARN": {"Fn::GetAtt": ["MediaPath", "FunctionMetadata.FunctionARN"]}}

    assert behavior("/media/*")["FunctionAssociations"] == [cut]
    assert "FunctionAssociations" not in behavior("/static/*")
    assert r'request.uri.replace(/^\/media\//, "/")' in properties("MediaPath")["FunctionCode"]
    assert properties("MediaPath")["AutoPublish"] is True


@pytest.mark.parametrize("bucket", ["Static", "Media"])
def test_files_have_djangos_security_headers(bucket: str, settings: Any) -> None:
    headers = properties(f"{bucket}Headers")["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]

    assert headers["FrameOptions"]["FrameOption"] == settings.X_FRAME_OPTIONS
    assert headers["ReferrerPolicy"]["ReferrerPolicy"] == settings.SECURE_REFERRER_POLICY
    assert headers["StrictTransportSecurity"]["AccessControlMaxAgeSec"] == 31_536_000
    assert "ContentTypeOptions" in headers


def test_no_script_runs_from_media() -> None:
    headers = properties("MediaHeaders")["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]

    assert "script-src 'none'" in headers["ContentSecurityPolicy"]["ContentSecurityPolicy"]


@pytest.mark.parametrize(("zone", "types"), [("-", set()), ("Z0123456789ABCDEFGHIJ", {"A", "AAAA"})])
def test_dns_is_pointed_to_cloudfront_where_route_53_has_the_zone(zone: str, types: set[str]) -> None:
    records = of_type(resources_in("edge", "production", HostedZoneId=zone), "Route53::RecordSet").values()

    assert {record["Type"] for record in records} == types
    for record in records:
        assert record["AliasTarget"]["DNSName"] == {"Fn::GetAtt": ["Distribution", "DomainName"]}


@pytest.mark.parametrize(
    ("layer", "layers"),
    [("-", None), ("arn:aws:lambda:here:us:layer:secrets:1", ["arn:aws:lambda:here:us:layer:secrets:1"])],
)
def test_the_release_function_has_the_sites_network_and_no_door(layer: str, layers: list[str] | None) -> None:
    resources = resources_in("release", "production", SecretsExtension=layer)
    function = resources["ReleaseFunction"]["Properties"]

    assert resources.keys() == {"ReleaseFunction"}
    assert function["FunctionName"] == {"Fn::Sub": "giftflick-${Stage}-release"}
    assert function["Handler"] == "giftflick.lambda_entry.handler"
    assert (function["Timeout"], function["MemorySize"], function["ReservedConcurrentExecutions"]) == (900, 1024, 1)
    assert function["Role"] == {"Ref": "ReleaseRole"}
    assert function["VpcConfig"] == {
        "SubnetIds": {"Ref": "PrivateSubnetIds"},
        "SecurityGroupIds": [{"Ref": "FunctionSecurityGroupId"}],
    }
    assert function.get("Layers") == layers
