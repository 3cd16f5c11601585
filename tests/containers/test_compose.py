"""Compose from nothing: two hosts behind a balancer, used, stopped under requests, hardened."""

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.sync.client import connect

from ..child_instance import free_port
from ..request_load import RequestLoad
from ..waiting import eventually
from .engine import ROOT, Engine, run

pytestmark = [pytest.mark.long, pytest.mark.containers, pytest.mark.timeout(3600)]
SECRETS = [
    "DATABASE_PASSWORD",
    "FUNCTIONS_DATABASE_PASSWORD",
    "NEO4J_PASSWORD",
    "EMULATOR_KEY",
    "HOST_TOKEN",
    "METRICS_TOKEN",
    "ADMIN_PASSWORD",
]
FILES = ["infra/compose/compose.yaml", "tests/containers/standins.compose.yaml"]


@dataclass
class Project:
    """A running Compose project."""

    engine: Engine
    command: list[str]
    port: int
    password: str
    prometheus: int = 0
    seconds: float = 0.0

    def __call__(self, *arguments: str, timeout: float = 900) -> str:
        files = [part for name in FILES for part in ("-f", str(ROOT / name))]
        return run(
            [*self.command, *files, *arguments],
            timeout=timeout,
            env=dict(self.engine.environment),
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def container(self, service: str) -> str:
        return self("ps", "-q", service).strip()


@pytest.fixture(scope="module")
def project(
    engine: Engine,
    base: str,
    images: dict[str, str],
    standins: str,
    compose: list[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Project]:
    port = free_port()
    values = {name: f"a{secrets.token_hex(12)}" for name in SECRETS}
    prometheus = free_port()
    values |= {"COMPOSE_PROFILES": "ministack", "PORT": str(port), "BASE": base}
    values |= {"PROMETHEUS_PORT": str(prometheus), "ALERTMANAGER_PORT": str(free_port())}
    file = tmp_path_factory.mktemp("compose") / "env"
    file.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    command = [*compose, "-p", f"groundwork-{port}", "--env-file", str(file)]
    found = Project(engine, command, port, values["ADMIN_PASSWORD"], prometheus)
    try:
        began = time.monotonic()
        found("up", "-d", "--wait", "--wait-timeout", "600")
        found.seconds = time.monotonic() - began
        yield found
    finally:
        if not found.seconds:
            print(found("logs", "--tail", "30"))
        found("down", "-v", "--timeout", "45")


@pytest.fixture(scope="module")
def client(project: Project) -> Iterator[httpx2.Client]:
    login = {"email": "admin@localhost.test", "password": project.password}
    answer = httpx2.post(f"{project.url}/api/v1/auth/login", json=login, timeout=60)
    assert answer.status_code == 200, answer.text
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    with httpx2.Client(base_url=project.url, headers=bearer, timeout=60) as logged_in:
        yield logged_in


def test_it_is_ready_from_nothing(project: Project) -> None:
    print(f"compose up to ready: {project.seconds:.0f} s")
    # A check of a dependency has one second, which a busy machine may need at first.
    found = eventually(
        lambda: httpx2.get(f"{project.url}/health/ready", timeout=20).json()["status"] == "ok"
    )
    assert found


def test_what_is_written_reaches_the_graph_and_the_sockets_of_both_hosts(
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


def test_the_inside_is_not_published(project: Project) -> None:
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


def test_a_host_that_is_stopped_answers_every_request(project: Project) -> None:
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
    url = f"http://127.0.0.1:{project.prometheus}/api/v1"

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


def test_without_a_host_token_nothing_starts(project: Project, tmp_path: Path) -> None:
    (tmp_path / "env").write_text("ADMIN_PASSWORD=x\n")
    bare = Project(
        project.engine, [*project.command[:-2], "--env-file", str(tmp_path / "env")], 0, ""
    )
    with pytest.raises(RuntimeError, match=r"set \w+ in \.env"):
        bare("config", "-q")
