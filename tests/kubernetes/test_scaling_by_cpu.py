"""On real nodes: the autoscaler sees the CPU of gateways and adds one under load."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..containers.engine import NoEngine
from ..request_load import RequestLoad
from ..waiting import eventually
from . import metrics
from .product import Product

pytestmark = [pytest.mark.long, pytest.mark.kubernetes, pytest.mark.timeout(6 * 3600)]
CLIENTS, GATEWAYS = 8, 2


@pytest.fixture(scope="module")
def server() -> Path:
    """The built metrics-server; skips where it cannot be built."""
    try:
        return metrics.program()
    except NoEngine as error:
        pytest.skip(f"nothing measures pods: {error}")


@pytest.fixture
def scaled(product: Product, server: Path) -> Iterator[Product]:
    """The product, whose pods are measured; afterwards it has as many gateways as before."""
    product.wait_until_ready()
    assert cpu(product) is None, "nothing is measured yet"
    before = product.found("hpa", "gateway")["spec"]["metrics"]
    with metrics.measured(product.cluster, server):
        yield product
    aim(product, before)
    product.kubectl("scale", "deployment/gateway", f"--replicas={GATEWAYS}")
    product.roll_out()


def cpu(product: Product) -> int | None:
    """Return the thousandths of a core that a gateway uses on average, as the autoscaler sees."""
    status = product.found("hpa", "gateway").get("status", {})
    for each in status.get("currentMetrics") or ():
        value = each.get("resource", {}).get("current", {}).get("averageValue")
        if value is not None:
            return int(value[:-1]) if value.endswith("m") else int(value) * 1000
    return None


def settled(product: Product) -> int:
    """Return what a gateway uses once it no longer falls, after what happened before."""
    found = eventually(lambda: cpu(product), 600)
    assert found, product.kubectl("describe", "hpa", "gateway")
    while True:
        time.sleep(30)  # there is a new measurement every 15 s
        before, found = found, cpu(product) or found
        if found >= 0.8 * before:
            return found


def aim(product: Product, metrics_of_pods: Any) -> None:
    """Set the metrics by which the autoscaler decides."""
    patch = [{"op": "replace", "path": "/spec/metrics", "value": metrics_of_pods}]
    product.kubectl("patch", "hpa", "gateway", "--type=json", "-p", json.dumps(patch))


def test_a_gateway_is_added_under_load(scaled: Product) -> None:
    """The load of a test is small: gateways stay two, until the target is small as well."""
    idle = settled(scaled)
    assert len(scaled.pods()) == GATEWAYS, "idle gateways are enough"
    with scaled.client() as client:
        headers = {name: client.headers[name] for name in ("host", "authorization")}
    with RequestLoad(f"{scaled.url}/api/v1/entities?limit=1", headers, CLIENTS) as load:
        assert eventually(lambda: (cpu(scaled) or 0) > 1.6 * idle, 600), cpu(scaled)
        print(scaled.kubectl("get", "hpa", "gateway"))
        assert len(scaled.pods()) == GATEWAYS, "this load is nothing for two gateways"
        target = {"type": "AverageValue", "averageValue": f"{1.2 * idle:.0f}m"}
        aim(scaled, [{"type": "Resource", "resource": {"name": "cpu", "target": target}}])
        assert eventually(lambda: len(scaled.pods()) > GATEWAYS, 600), cpu(scaled)
        scaled.roll_out()
        print(scaled.kubectl("get", "hpa", "gateway"))
        load.wait_for(20)
    print(f"a gateway was added: {load.answered} answers, {len(load.failed)} failed")
    assert load.failed == []
