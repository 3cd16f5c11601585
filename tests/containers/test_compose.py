"""Compose from nothing: two hosts behind a balancer, used, stopped under requests, hardened."""

import gzip
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.sync.client import connect

from ..request_load import RequestLoad
from ..waiting import eventually
from .project import Project

pytestmark = [pytest.mark.long, pytest.mark.containers, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def client(project: Project) -> Iterator[httpx2.Client]:
    with project.client() as logged_in:
        yield logged_in


def test_a_new_compose_project_becomes_ready(project: Project) -> None:
    print(f"compose up to ready: {project.seconds:.0f} s")
    # A check of a dependency has one second, which a busy machine may need at first.
    found = eventually(
        lambda: httpx2.get(f"{project.url}/health/ready", timeout=20).json()["status"] == "ok"
    )
    assert found


def test_a_write_reaches_the_graph_and_the_sockets_of_both_hosts(
    project: Project, client: httpx2.Client
) -> None:
    with ExitStack() as stack:
        sockets = []
        for _ in range(4):  # the balancer takes turns
            ticket = client.post("/api/v1/auth/ws-ticket").json()["ticket"]
            url = f"ws://127.0.0.1:{project.port}/ws?ticket={ticket}"
            socket = stack.enter_context(connect(url, open_timeout=60))
            socket.send(json.dumps({"action": "subscribe", "topics": ["entities"]}))
            assert json.loads(socket.recv(timeout=60))["type"] == "subscribed"
            sockets.append(socket)
        new = {"name": "Tidewater", "type": "organization", "confidence": 1}
        made = client.post("/api/v1/entities", json=new)
        assert made.status_code == 201, made.text
        for socket in sockets:
            assert json.loads(socket.recv(timeout=60))["data"]["name"] == "Tidewater"
    query = {
        "query": "query ($id: ID!) { entity(id: $id) { name } }",
        "variables": {"id": made.json()["id"]},
    }

    def name() -> object:
        found = client.post("/graphql", json=query).json().get("data") or {}
        return (found.get("entity") or {}).get("name")

    assert eventually(name, 60) == "Tidewater"


def test_an_export_is_written_and_can_be_read_at_both_hosts(
    project: Project, client: httpx2.Client
) -> None:
    made = client.post("/api/v1/schedules", json={
        "name": "Entities",
        "schedule": {"kind": "cron", "expression": "0 2 1 1 *", "timezone": "UTC"},
        "action": {"export": {"resource": "entities"}},
    })  # fmt: skip
    assert made.status_code == 201, made.text
    runs = f"/api/v1/schedules/{made.json()['id']}/runs"
    assert client.post(runs.removesuffix("s")).status_code < 300

    def ended() -> object:
        (run,) = client.get(runs).json()["items"]
        return run if run["status"] != "running" else None

    run = eventually(ended, 180)
    assert isinstance(run, dict), "the function looks each minute for exports that wait"
    assert run["status"] == "succeeded", run
    export = client.get(f"/api/v1/exports/{run['id']}").json()
    for _ in range(4):  # the balancer takes turns
        file = client.get(export["files"][0]["url"])
        assert file.status_code == 200, file.text
        rows = [json.loads(line) for line in gzip.decompress(file.content).splitlines()]
        assert "Tidewater" in {row["name"] for row in rows}


def test_internal_addresses_are_not_published(project: Project) -> None:
    for path in ("/metrics", "/@live/posts", "/@host/live"):
        assert httpx2.get(project.url + path, timeout=20).status_code == 404


def test_every_container_of_ours_is_hardened(project: Project) -> None:
    for service in ("host-1", "host-2", "balancer"):
        (found,) = json.loads(project.engine.docker("inspect", project.container(service)))
        assert found["HostConfig"]["ReadonlyRootfs"], service
        assert found["HostConfig"]["CapDrop"] == ["ALL"], service
        assert "no-new-privileges:true" in found["HostConfig"]["SecurityOpt"], service
    processes = project.engine.docker("top", project.container("host-1"), "-o", "uid,pid")
    users = {int(line.split()[0]) for line in processes.splitlines()[1:]}
    assert users == {10001}


def test_a_host_that_is_stopped_serves_every_running_request(project: Project) -> None:
    there = project.container("host-2")
    with RequestLoad(f"{project.url}/health/live") as load:
        began = time.monotonic()
        project.engine.docker("stop", "-t", "45", there)  # SIGTERM, and after that time SIGKILL
        took = time.monotonic() - began
        load.wait_for(20)
    print(f"stopped in {took:.1f} s: {load.answered} answers, slowest {load.slowest:.2f} s")
    assert load.failed == []
    assert project.engine.docker("inspect", "-f", "{{.State.ExitCode}}", there).strip() == "0"
    project.engine.docker("start", there)


def test_prometheus_scrapes_both_hosts_with_the_rules_and_alertmanager(project: Project) -> None:
    project("--profile", "observability", "up", "-d", "--no-deps", "prometheus", "alertmanager")
    url = f"http://127.0.0.1:{project.ports['PROMETHEUS']}/api/v1"

    def ask(path: str) -> Any:
        try:
            return httpx2.get(f"{url}/{path}", timeout=20).json()["data"]
        except (httpx2.TransportError, ValueError):
            return {}

    def healthy() -> set[str]:
        targets = ask("targets").get("activeTargets", [])
        return {one["labels"]["instance"] for one in targets if one["health"] == "up"}

    both = {"host-1:8000", "host-2:8000"}
    assert eventually(lambda: healthy() == both, 120), project("logs", "--tail", "20", "prometheus")
    names = {rule["name"] for group in ask("rules")["groups"] for rule in group["rules"]}
    assert {"InstanceDown", "RelayLag", "DeadLetters"} <= names
    assert eventually(lambda: len(ask("alertmanagers")["activeAlertmanagers"]) == 1, 60)


@pytest.mark.parametrize("profile", ["ministack", "localstack", "observability", "elk"])
def test_each_profile_is_a_valid_project(project: Project, profile: str) -> None:
    services = project("--profile", profile, "config", "--services").split()
    expected = {"observability": "zipkin", "elk": "fluent-bit"}
    assert expected.get(profile, profile) in services


def test_compose_refuses_an_env_file_that_lacks_a_required_variable(
    project: Project, tmp_path: Path
) -> None:
    (tmp_path / "env").write_text("ADMIN_PASSWORD=x\n")
    bare = Project(
        project.engine, [*project.command[:-2], "--env-file", str(tmp_path / "env")], 0, ""
    )
    with pytest.raises(RuntimeError, match=r"set \w+ in \.env"):
        bare("config", "-q")
