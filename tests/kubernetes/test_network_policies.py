"""Network policies are enforced on the nodes: who can connect to what, and why not more."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from .connections import Connections, connections
from .product import Product

pytestmark = [pytest.mark.long, pytest.mark.kubernetes, pytest.mark.timeout(6 * 3600)]
WITHIN_SECONDS = 180
EVERYWHERE = {"names", "web", "another port of the web", "outside", "node", "API server"}
"""The targets that a pod reaches if no policy restrains it."""
MAY = {
    "gateway": {"names", "postgres", "neo4j", "emulator", "gateway"},
    "relay": {"names", "postgres", "neo4j", "emulator", "gateway"},
    "fetch": {"names", "postgres", "emulator", "web"},
    "postgres": {"names"},
    "neo4j": {"names"},
    "emulator": {"names"},
    "stranger": {"names"},
    "outside": EVERYWHERE - {"outside"},
    "ingress": EVERYWHERE | {"gateway"},
    "monitoring": EVERYWHERE | {"gateway", "relay", "fetch"},
}
TAKES = {
    "gateway": {"postgres", "neo4j", "emulator", "gateway"},
    "relay": {"postgres", "neo4j", "emulator", "gateway"},
    "fetch": {"postgres", "emulator"},
    "stranger": set[str](),
}
"""The targets in the product that a pod reaches if it may connect to everything."""
NEEDED_BY = {
    "default-deny": ("outside", "stranger"),
    "dns": ("gateway", "names"),
    "gateway-in": ("ingress", "gateway"),
    "metrics-in": ("monitoring", "fetch"),
    "sockets-out": ("relay", "gateway"),
    "postgres-out": ("gateway", "postgres"),
    "graph-out": ("relay", "neo4j"),
    "postgres-in": ("fetch", "postgres"),
    "graph-in": ("gateway", "neo4j"),
    "web-out": ("fetch", "web"),
    "emulator": ("relay", "emulator"),
    "emulator-out": ("fetch", "emulator"),
}
"""A connection that each policy decides."""


@pytest.fixture(scope="module")
def network(product: Product) -> Iterator[Connections]:
    """The ready product, and strangers around it."""
    product.wait_until_ready()
    with connections(product) as found:
        yield found


def wait_for(network: Connections, pod: str, expected: set[str], *targets: str) -> None:
    """Wait until a pod reaches just what is expected; the agent needs a moment."""
    ends = time.monotonic() + WITHIN_SECONDS
    while (found := network.opened(pod, *targets)) != expected and time.monotonic() < ends:
        time.sleep(0.5)
    assert found == expected


@contextmanager
def without(network: Connections, *policies: str) -> Iterator[None]:
    """Delete the named policies, or all; then apply them again."""
    found = network.product.found("networkpolicy")
    kept = [each for each in found["items"] if not policies or each["metadata"]["name"] in policies]
    for each in kept:
        del each["metadata"]["resourceVersion"], each["metadata"]["uid"]
    network.product.kubectl("delete", "networkpolicy", *(policies or ["--all"]))
    try:
        yield
    finally:
        network.product.kubectl("create", "-f", "-", given=json.dumps(found | {"items": kept}))


@pytest.mark.parametrize("pod", MAY)
def test_a_pod_reaches_what_it_may_and_nothing_else(network: Connections, pod: str) -> None:
    wait_for(network, pod, MAY[pod])


def test_without_policies_everything_is_reached(network: Connections) -> None:
    """Without policies, every refused target is reached, so the policies refuse it."""
    with without(network):
        for pod in MAY:
            others = {each for each in network.targets if each != pod or pod == "gateway"}
            wait_for(network, pod, others)
    for pod, expected in MAY.items():
        wait_for(network, pod, expected)


def test_the_product_refuses_pods_that_may_connect_to_everything(network: Connections) -> None:
    """Each service has a policy of its own for those who come in."""
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "everything-out"},
        "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]},
    }
    network.product.kubectl("create", "-f", "-", given=json.dumps(policy))
    try:
        for pod, takes in TAKES.items():
            wait_for(network, pod, EVERYWHERE | takes)
    finally:
        network.product.kubectl("delete", "networkpolicy", "everything-out")
    wait_for(network, "stranger", MAY["stranger"])


def test_every_policy_is_tested(network: Connections) -> None:
    found = network.product.found("networkpolicy")["items"]
    assert {each["metadata"]["name"] for each in found} == set(NEEDED_BY)


@pytest.mark.parametrize("policy", NEEDED_BY)
def test_every_policy_is_needed(network: Connections, policy: str) -> None:
    pod, target = NEEDED_BY[policy]
    usual = MAY[pod] & {target}
    with without(network, policy):
        wait_for(network, pod, {target} - usual, target)
    wait_for(network, pod, usual, target)
