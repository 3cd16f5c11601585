"""On real nodes: the disruption budget refuses a second eviction, and a node is drained."""

import json
from typing import Any

import pytest

from ..request_load import RequestLoad
from ..waiting import eventually
from .product import HOST, NAMESPACE, Product

pytestmark = [pytest.mark.long, pytest.mark.kubernetes, pytest.mark.timeout(6 * 3600)]


def evict(product: Product, pod: Any) -> None:
    """Ask for an eviction as `kubectl drain` does; raises RuntimeError if it is refused."""
    name = pod["metadata"]["name"]
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": name, "namespace": NAMESPACE},
    }
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/{name}/eviction"
    product.kubectl("create", "--raw", path, "-f", "-", given=json.dumps(eviction))


def allowed(product: Product) -> int:
    """Return how many gateways may be evicted now."""
    found: int = product.found("pdb", "gateway")["status"]["disruptionsAllowed"]
    return found


def test_a_second_eviction_waits_for_the_first(product: Product) -> None:
    product.wait_until_ready()
    assert eventually(lambda: allowed(product) == 1, 120)
    first, second = product.pods()
    with RequestLoad(f"{product.url}/health/live", HOST) as load:
        evict(product, first)
        with pytest.raises(RuntimeError, match=r"TooManyRequests.*disruption budget"):
            evict(product, second)
        product.wait_until_ready()
        assert eventually(lambda: allowed(product) == 1, 600)
        load.wait_for(20)
    print(f"one evicted: {load.answered} answers, {len(load.failed)} failed")
    assert load.failed == []
    evict(product, second)  # its turn has come
    assert eventually(lambda: allowed(product) == 1, 600)


def test_a_node_is_drained_under_requests(product: Product) -> None:
    """Both gateways are on that node, so that one goes after the other."""
    product.wait_until_ready()
    cluster = product.cluster.plane
    cluster.kubectl("cordon", "node-0")
    product.kubectl("rollout", "restart", "deployment/gateway")
    product.roll_out()
    cluster.kubectl("uncordon", "node-0")
    assert {each["spec"]["nodeName"] for each in product.pods()} == {"node-1"}
    try:
        with RequestLoad(f"{product.url}/health/live", HOST) as load:
            cluster.kubectl(
                "drain", "node-1", "--delete-emptydir-data", "--timeout=900s", timeout=1000
            )
            assert eventually(lambda: allowed(product) == 1, 600)
            load.wait_for(20)
        print(product.warnings())
        print(f"drained: {load.answered} answers, {len(load.failed)} failed", *load.failed[:1])
        assert load.failed == []
        for name in ("gateway", "relay", "fetch"):
            assert {each["spec"]["nodeName"] for each in product.pods(name)} == {"node-0"}
    finally:
        cluster.kubectl("uncordon", "node-1")
