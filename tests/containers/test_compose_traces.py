"""Zipkin of the profile `observability` shows requests and the functions that they cause to run."""

import secrets
import time
from typing import Any

import httpx2
import pytest

from ..waiting import eventually
from .project import Project

pytestmark = [pytest.mark.long, pytest.mark.containers, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module", autouse=True)
def running(project: Project, zipkin: str) -> None:
    """Start Zipkin beside the project."""
    assert zipkin in project("--profile", "observability", "config", "--images").split()
    project("--profile", "observability", "up", "-d", "--no-deps", "zipkin")
    assert eventually(lambda: asked(project, "services") is not None, 240)


def asked(project: Project, path: str) -> Any:
    """Return what Zipkin's API responds; None if it does not."""
    url = f"http://127.0.0.1:{project.ports['ZIPKIN']}/api/v2/{path}"
    try:
        found = httpx2.get(url, timeout=20)
    except httpx2.TransportError:
        return None
    return found.json() if found.status_code == 200 else None


def new_trace() -> tuple[str, dict[str, str]]:
    """Return the id of a new trace in Zipkin's form, and the header of a request in it."""
    first, rest = f"{int(time.time()):08x}", secrets.token_hex(12)
    return first + rest, {"X-Amzn-Trace-Id": f"Root=1-{first}-{rest};Sampled=1"}


def services(trace: Any) -> set[str]:
    return {span["localEndpoint"]["serviceName"] for span in trace or ()}


def test_a_request_is_a_trace_of_the_gateway_and_the_function(project: Project) -> None:
    id_, header = new_trace()
    with project.client() as client:
        client.get("/api/v1/entities", headers=header).raise_for_status()
    assert eventually(
        lambda: {"gateway", "restapi"} <= services(asked(project, f"trace/{id_}")), 60
    )
    spans = asked(project, f"trace/{id_}")
    request = next(span for span in spans if span["localEndpoint"]["serviceName"] == "gateway")
    assert request["tags"]["http.path"] == "/api/v1/entities"
    assert request["tags"]["http.status_code"] == "200"
    # Zipkin finds it by what it says, and finds nothing for what nobody asked.
    found = asked(project, "traces?annotationQuery=http.path=/api/v1/entities&limit=1000")
    assert id_ in {span["traceId"] for trace in found for span in trace}
    assert asked(project, "traces?annotationQuery=http.path=/api/v1/nothing") == []
    assert asked(project, f"trace/{new_trace()[0]}") is None


def test_a_write_and_the_relay_that_it_wakes_are_one_trace(project: Project) -> None:
    tries: list[str] = []

    def one_trace() -> bool:
        # A write that finds the relay awake does not wake it, so another one may be needed.
        id_, header = new_trace()
        tries.append(id_)
        new = {"name": f"Traced {len(tries)}", "type": "organization", "confidence": 1}
        made = client.post("/api/v1/entities", json=new, headers=header)
        assert made.status_code == 201, made.text
        time.sleep(15)
        return any(
            {"restapi", "relay"} <= services(asked(project, f"trace/{id_}")) for id_ in tries
        )

    with project.client() as client:
        assert eventually(one_trace, 240), [
            services(asked(project, f"trace/{id_}")) for id_ in tries
        ]


def test_a_host_whose_zipkin_is_stopped_serves_and_sends_its_spans_later(project: Project) -> None:
    zipkin = project.container("zipkin")
    project.engine.docker("pause", zipkin)
    try:
        id_, header = new_trace()
        with project.client() as client:
            client.get("/api/v1/entities", headers=header).raise_for_status()
        time.sleep(5)
        assert httpx2.get(f"{project.url}/health/ready", timeout=20).json()["status"] == "ok"
    finally:
        project.engine.docker("unpause", zipkin)
    assert eventually(lambda: "restapi" in services(asked(project, f"trace/{id_}")), 120)
