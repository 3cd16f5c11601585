"""Allowed connections on AWS: template.yaml and infra/aws/network.yaml."""

from collections.abc import Callable
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from groundwork_command.instance.project import template

from .conftest import Template

OPEN_ADDRESSES_OF_USERS = {"Fetch", "Webhooks"}
REACHES: dict[str, set[tuple[str, int]]] = {
    "Functions": {("0.0.0.0/0", 443), ("Proxy", 5432), ("Neo4j", 7687)},
    "Fetch": {("0.0.0.0/0", 80), ("0.0.0.0/0", 443), ("Proxy", 5432)},
    "Proxy": {("Cidr", 443), ("Postgres", 5432)},
    "Postgres": set(),
    "Neo4j": {("0.0.0.0/0", 443)},
    "Migrate": {("0.0.0.0/0", 443), ("Postgres", 5432), ("Neo4j", 7687)},
    "Endpoints": set(),
}
"""The allowed destinations of each security group: groups or networks, with ports."""
REACHED_FROM: dict[str, set[tuple[str, int]]] = {
    "Functions": set(),
    "Fetch": set(),
    "Proxy": {("Functions", 5432), ("Fetch", 5432)},
    "Postgres": {("Proxy", 5432), ("Migrate", 5432)},
    "Neo4j": {("Functions", 7687), ("Migrate", 7687)},
    "Migrate": set(),
    "Endpoints": {("Cidr", 443)},
}
NOTHING = "127.0.0.1/32"
"""A rule that allows nothing: a group without any rule may connect everywhere."""

Resources = dict[str, Any]


@pytest.fixture
def network() -> Resources:
    """The resources of the network, parsed anew, so that a test may spoil them."""
    text = (template().parent / "infra" / "aws" / "network.yaml").read_text()
    found: Resources = yaml_parse(text)["Resources"]
    return found


def groups(network: Resources) -> dict[str, dict[str, Any]]:
    return {
        name: one["Properties"]
        for name, one in network.items()
        if one["Type"] == "AWS::EC2::SecurityGroup"
    }


def allowed(network: Resources, direction: str, other: str) -> dict[str, set[tuple[str, int]]]:
    """Return what each group's rules of a direction (`Egress` or `Ingress`) allow."""
    found: dict[str, set[tuple[str, int]]] = {name: set() for name in groups(network)}
    for name, one in groups(network).items():
        rules = one.get(f"SecurityGroup{direction}", [])
        if direction == "Egress" and not rules:
            found[name].add(("everything", 0))
        for rule in rules:
            cidr = rule["CidrIp"]
            if cidr != NOTHING:
                found[name].add((cidr["Ref"] if isinstance(cidr, dict) else cidr, rule["ToPort"]))
    for one in network.values():
        if one["Type"] == f"AWS::EC2::SecurityGroup{direction}":
            rule = one["Properties"]
            found[rule["GroupId"]["Ref"]].add((rule[other]["Ref"], rule["ToPort"]))
    return found


def egress(network: Resources) -> dict[str, set[tuple[str, int]]]:
    return allowed(network, "Egress", "DestinationSecurityGroupId")


def ingress(network: Resources) -> dict[str, set[tuple[str, int]]]:
    return allowed(network, "Ingress", "SourceSecurityGroupId")


def test_each_group_reaches_what_it_needs_and_nothing_else(network: Resources) -> None:
    assert egress(network) == REACHES
    assert ingress(network) == REACHED_FROM


def _open_the_database(network: Resources) -> None:
    network["Hole"] = {
        "Type": "AWS::EC2::SecurityGroupIngress",
        "Properties": {
            "GroupId": {"Ref": "Postgres"},
            "ToPort": 5432,
            "SourceSecurityGroupId": {"Ref": "Fetch"},
        },
    }


def _let_the_fetcher_out(network: Resources) -> None:
    del network["Fetch"]["Properties"]["SecurityGroupEgress"]


@pytest.mark.parametrize("spoil", [_open_the_database, _let_the_fetcher_out])
def test_a_hole_in_the_network_is_seen(
    network: Resources, spoil: Callable[[Resources], None]
) -> None:
    """With the guards disabled."""
    spoil(network)
    assert (egress(network), ingress(network)) != (REACHES, REACHED_FROM)


def test_databases_are_in_subnets_without_a_way_from_the_internet(network: Resources) -> None:
    private = {"PrivateA", "PrivateB", "FetchA", "FetchB"}
    for name, one in network.items():
        if one["Type"] != "AWS::EC2::SubnetRouteTableAssociation":
            continue
        subnet, table = (one["Properties"][key]["Ref"] for key in ("SubnetId", "RouteTableId"))
        gateways = {
            key
            for route in network.values()
            if route["Type"] == "AWS::EC2::Route"
            and route["Properties"]["RouteTableId"]["Ref"] == table
            for key in route["Properties"]
        }
        assert ("GatewayId" in gateways) == (subnet not in private), name


def network_of(stack: Template, function: str) -> str:
    """Return the parameter with the subnets of a function; empty if it is in none."""
    own = stack.functions()[function].get("VpcConfig", stack.globals.get("VpcConfig", {}))
    if "Fn::If" not in own:
        return ""
    _, inside, _ = own["Fn::If"]
    subnets: str = inside["SubnetIds"]["Fn::Split"][1]["Ref"]
    return subnets


def test_functions_are_in_the_network_that_fits_what_they_open(stack: Template) -> None:
    found = {name: network_of(stack, name) for name in stack.functions()}
    outside = {"ReferenceExtractor"}  # reaches the API only
    assert {name for name, subnets in found.items() if not subnets} == outside
    apart = {name for name, subnets in found.items() if subnets == "FetchSubnetIds"}
    assert apart == OPEN_ADDRESSES_OF_USERS


def test_a_function_without_a_network_is_seen(stack: Template) -> None:
    """With the guards disabled."""
    del stack.globals["VpcConfig"]
    assert network_of(stack, "RestApi") == ""
    del stack.functions()["Fetch"]["VpcConfig"]
    assert network_of(stack, "Fetch") != "FetchSubnetIds"
