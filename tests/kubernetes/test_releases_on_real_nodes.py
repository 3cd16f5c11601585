"""On real nodes: ready under `restricted`, and releases under requests without a failed one."""

import json
import time
from collections.abc import Iterator

import httpx2
import pytest

from ..request_load import RequestLoad
from ..waiting import eventually
from .conftest import BROKEN
from .product import HOST, Product

pytestmark = [pytest.mark.long, pytest.mark.kubernetes, pytest.mark.timeout(6 * 3600)]
DEADLINE_SECONDS = 30


def test_everything_is_ready_under_pod_security_restricted(product: Product) -> None:
    print(f"ready {product.ready_seconds:.0f} s after apply")
    for name, pods in (("gateway", 2), ("relay", 2), ("fetch", 1), ("emulator", 1)):
        assert len(product.pods(name)) == pods
    container = {"name": "root", "image": "groundwork-pause"}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "root"},
        "spec": {"containers": [container], "securityContext": {"runAsUser": 0}},
    }
    with pytest.raises(RuntimeError, match="violates PodSecurity"):
        product.kubectl("create", "--dry-run=server", "-f", "-", given=json.dumps(pod))


def test_a_write_through_the_service_reaches_the_graph(product: Product) -> None:
    with product.client() as client:
        new = {"name": "Tidewater", "type": "organization", "confidence": 1}
        made = client.post("/api/v1/entities", json=new)
        assert made.status_code == 201, made.text
        query = {
            "query": "query ($id: ID!) { entity(id: $id) { name } }",
            "variables": {"id": made.json()["id"]},
        }

        def name() -> object:
            found = client.post("/graphql", json=query).json().get("data") or {}
            return (found.get("entity") or {}).get("name")

        assert eventually(name, 120) == "Tidewater"


def test_an_export_reaches_the_bucket_of_the_emulator(product: Product) -> None:
    with product.client() as client:
        schedule = client.post("/api/v1/schedules", json={
            "name": "Entities",
            "schedule": {"kind": "cron", "expression": "0 2 1 1 *", "timezone": "UTC"},
            "action": {"export": {"resource": "entities"}},
        })  # fmt: skip
        assert schedule.status_code == 201, schedule.text
        path = f"/api/v1/schedules/{schedule.json()['id']}"
        assert client.post(f"{path}/run").status_code < 300

        def ended() -> object:
            (run,) = client.get(f"{path}/runs").json()["items"]
            return run if run["status"] != "running" else None

        run = eventually(ended, 600)
        assert isinstance(run, dict), "the function looks each minute for exports that wait"
        assert run["status"] == "succeeded", run
        files = client.get(f"/api/v1/exports/{run['id']}").json()["files"]
    assert [file["url"].split("/exports/")[0] for file in files] == [
        "http://emulator:4566/groundwork-dev-exports"
    ]


@pytest.fixture
def load(product: Product) -> Iterator[RequestLoad]:
    """Reads of an entity list through the Service."""
    with product.client() as client:
        headers = {name: client.headers[name] for name in ("host", "authorization")}
    with RequestLoad(f"{product.url}/api/v1/entities?limit=1", headers) as running:
        yield running


def report(what: str, seconds: float, load: RequestLoad) -> None:
    print(
        f"{what} in {seconds:.0f} s: {load.answered} answers, {len(load.failed)} failed, "
        f"slowest {load.slowest:.2f} s",
        *load.failed[:1],
        *load.failed[-1:],
        sep="\n",
    )


def test_a_rollout_and_its_undoing_fail_no_request(product: Product, load: RequestLoad) -> None:
    before = {each["metadata"]["name"] for each in product.pods()}
    product.kubectl("set", "env", "deployment/gateway", "RELEASE=2")
    rolled = product.roll_out()
    load.wait_for(20)
    report("rolled out", rolled, load)
    assert load.failed == []
    after = {each["metadata"]["name"] for each in product.pods()}
    assert not before & after
    product.kubectl("rollout", "undo", "deployment/gateway")
    undone = product.roll_out()
    load.wait_for(20)
    report("undone", undone, load)
    assert load.failed == []
    assert not after & {each["metadata"]["name"] for each in product.pods()}


def test_a_bad_release_is_given_up_while_the_old_pods_serve(
    product: Product, load: RequestLoad
) -> None:
    before = {each["metadata"]["name"] for each in product.pods()}
    deadline = f'{{"spec": {{"progressDeadlineSeconds": {DEADLINE_SECONDS}}}}}'
    product.kubectl("patch", "deployment", "gateway", "-p", deadline)
    product.kubectl("set", "image", "deployment/gateway", f"gateway={BROKEN}")
    began = time.monotonic()
    with pytest.raises(RuntimeError, match="exceeded its progress deadline"):
        product.roll_out()
    load.wait_for(20)
    report("given up", time.monotonic() - began, load)
    assert load.failed == []
    assert before < {each["metadata"]["name"] for each in product.pods()}
    usual = '{"spec": {"progressDeadlineSeconds": 300}}'
    product.kubectl("patch", "deployment", "gateway", "-p", usual)
    product.kubectl("rollout", "undo", "deployment/gateway")
    product.roll_out()
    assert before == {each["metadata"]["name"] for each in product.pods()}


def test_pods_that_are_killed_fail_requests(product: Product, load: RequestLoad) -> None:
    """The load notices what it should: without a grace period, and both at once."""
    product.kubectl(
        "delete", "pod", "-l", "app.kubernetes.io/name=gateway", "--grace-period=0", "--force"
    )
    assert eventually(lambda: load.failed, 120)
    product.wait_until_ready()
    answer = httpx2.get(f"{product.url}/health/live", headers=HOST, timeout=60)
    assert answer.status_code == 200
