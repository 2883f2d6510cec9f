"""The network: a NAT instance in dev and gateways elsewhere, and who may speak to whom."""

import subprocess
from typing import Any

import pytest

from tests.infra.evaluation import STAGES, of_type, resources_in

ANYWHERE = "0.0.0.0/0"


def ways_out(stage: str) -> dict[str, Any]:
    """Where each private route table sends what is for the internet."""
    routes = of_type(resources_in("network", stage), "EC2::Route").values()
    return {
        route["RouteTableId"]["Ref"]: {
            key: value["Ref"] for key, value in route.items() if key.endswith("Id") and key != "RouteTableId"
        }
        for route in routes
        if route["DestinationCidrBlock"] == ANYWHERE
    }


def test_dev_goes_out_by_an_instance() -> None:
    assert ways_out("dev") == {
        "PublicRouteTable": {"GatewayId": "InternetGateway"},
        "PrivateRouteTableA": {"InstanceId": "NatInstance"},
        "PrivateRouteTableB": {"InstanceId": "NatInstance"},
    }
    assert of_type(resources_in("network", "dev"), "EC2::NatGateway") == {}
    assert of_type(resources_in("network", "dev"), "EC2::EIP") == {}


@pytest.mark.parametrize(("stage", "second"), [("staging", "NatGatewayA"), ("production", "NatGatewayB")])
def test_staging_and_production_go_out_by_gateways(stage: str, second: str) -> None:
    """Production by one in each zone."""
    resources = resources_in("network", stage)

    assert ways_out(stage) == {
        "PublicRouteTable": {"GatewayId": "InternetGateway"},
        "PrivateRouteTableA": {"NatGatewayId": "NatGatewayA"},
        "PrivateRouteTableB": {"NatGatewayId": second},
    }
    assert of_type(resources, "EC2::NatGateway").keys() == {"NatGatewayA", second}
    assert "NatInstance" not in resources
    assert "NatSecurityGroup" not in resources


def test_the_instance_forwards_and_nobody_can_log_in_to_it() -> None:
    instance = resources_in("network", "dev")["NatInstance"]["Properties"]
    script = instance["UserData"]["Fn::Base64"]

    assert instance["InstanceType"] == "t4g.nano"
    assert instance["ImageId"] == (
        "{{resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64}}"
    )
    assert instance["SourceDestCheck"] is False
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    assert instance["PropagateTagsToVolumeOnCreation"] is True
    assert not {"KeyName", "IamInstanceProfile"} & instance.keys()
    assert "net.ipv4.ip_forward = 1" in script
    assert "masquerade" in script


def test_the_instances_script_is_shell_and_for_this_vpc() -> None:
    resources = resources_in("network", "dev")
    script = resources["NatInstance"]["Properties"]["UserData"]["Fn::Base64"]
    vpc = resources["Vpc"]["Properties"]["CidrBlock"]

    read = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)  # noqa: S607
    assert (read.returncode, read.stderr) == (0, "")
    assert script.startswith("#!/bin/bash\n")
    assert f"ip saddr {vpc} ip daddr != {vpc} masquerade" in script


@pytest.mark.parametrize("stage", STAGES)
def test_s3_and_dynamodb_are_reached_by_endpoints_of_both_private_route_tables(stage: str) -> None:
    endpoints = of_type(resources_in("network", stage), "EC2::VPCEndpoint").values()

    assert {endpoint["ServiceName"]["Fn::Sub"].rpartition(".")[2] for endpoint in endpoints} == {"s3", "dynamodb"}
    for endpoint in endpoints:
        assert endpoint["VpcEndpointType"] == "Gateway"
        assert endpoint["RouteTableIds"] == [{"Ref": "PrivateRouteTableA"}, {"Ref": "PrivateRouteTableB"}]


@pytest.mark.parametrize("stage", STAGES)
def test_each_side_has_a_subnet_in_two_zones(stage: str) -> None:
    subnets = of_type(resources_in("network", stage), "EC2::Subnet")
    zones = {name: subnet["AvailabilityZone"]["Fn::Select"][0] for name, subnet in subnets.items()}

    assert zones == {"PublicSubnetA": 0, "PublicSubnetB": 1, "PrivateSubnetA": 0, "PrivateSubnetB": 1}


def test_names_of_the_database_and_of_aws_are_looked_up_inside() -> None:
    vpc = resources_in("network", "dev")["Vpc"]["Properties"]

    assert (vpc["EnableDnsSupport"], vpc["EnableDnsHostnames"]) == (True, True)


def rules(resources: dict[str, Any]) -> set[tuple[str, str, str, Any]]:
    """Group, direction, ports, and whom it lets in or out to."""
    found = set()
    for group, properties in of_type(resources, "EC2::SecurityGroup").items():
        for direction in ("Ingress", "Egress"):
            for rule in properties.get(f"SecurityGroup{direction}", []):
                found.add((group, direction, *_described(rule)))
    for rule in of_type(resources, "EC2::SecurityGroupIngress").values():
        found.add((rule["GroupId"]["Fn::GetAtt"][0], "Ingress", *_described(rule)))
    return found


def _described(rule: dict[str, Any]) -> tuple[str, str]:
    ports = f"{rule['FromPort']}-{rule['ToPort']}" if "FromPort" in rule else "any"
    if "CidrIp" in rule:
        return ports, rule["CidrIp"]
    other = rule.get("SourceSecurityGroupId", rule.get("DestinationSecurityGroupId", {}))
    return ports, other["Fn::GetAtt"][0]


@pytest.mark.parametrize("stage", ["staging", "production"])
def test_functions_call_https_and_the_database_which_calls_nobody(stage: str) -> None:
    assert rules(resources_in("network", stage)) == {
        ("FunctionSecurityGroup", "Egress", "1-65535", ANYWHERE),
        ("FunctionSecurityGroup", "Egress", "5432-5432", "DatabaseSecurityGroup"),
        ("DatabaseSecurityGroup", "Ingress", "5432-5432", "FunctionSecurityGroup"),
        ("DatabaseSecurityGroup", "Egress", "any", "127.0.0.1/32"),
    }


def test_the_instance_is_called_from_the_vpc_only() -> None:
    resources = resources_in("network", "dev")

    assert {rule[1:] for rule in rules(resources) if rule[0] == "NatSecurityGroup"} == {
        ("Ingress", "1-65535", resources["Vpc"]["Properties"]["CidrBlock"]),
        ("Egress", "1-65535", ANYWHERE),
    }
