"""Several real hosts serve one deployment: sockets, a graph that is away, and a host that goes."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import psycopg
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from ..child_instance import free_port
from ..hosts import ServingHost, deployment
from ..instances import run

pytestmark = [pytest.mark.long, pytest.mark.services]
HTTP = "RestApi,Identity,Realtime"


@pytest.fixture(scope="module")
def settings(all_services: Mapping[str, str], server_url: str) -> Iterator[dict[str, str]]:
    """A deployment that is migrated and has its queues, signing key and first admin."""
    name = f"gw_hosts_{free_port()}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        found = deployment(all_services, f"{server_url.rsplit('/', 1)[0]}/{name}")
        run("migrate", "--wait", "10", environment=found)
        run("bootstrap", environment=found)
        yield found
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")
        server.execute(f"DROP ROLE {name}_functions")


@dataclass
class Hosts:
    first: ServingHost
    second: ServingHost
    relay: ServingHost


@pytest.fixture(scope="module")
def hosts(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    """Two hosts with sockets, of which the second reaches no graph, and one that only relays."""
    folder = tmp_path_factory.mktemp("hosts")
    ports = [free_port(), free_port()]
    shared = {
        **settings,
        "GROUNDWORK_PEERS": ",".join(f"localhost:{port}" for port in ports),
        "GROUNDWORK_FUNCTIONS": HTTP,
    }
    dead = {"NEO4J_URI": f"bolt://127.0.0.1:{free_port()}"}
    relaying = {
        **settings,
        "GROUNDWORK_FUNCTIONS": "Relay",
        "GROUNDWORK_LIVE_URL": f"http://127.0.0.1:{ports[0]}",
    }
    with (
        ServingHost(folder, shared, ports[0]) as first,
        ServingHost(folder, {**shared, **dead}, ports[1]) as second,
        ServingHost(folder, relaying) as relay,
    ):
        yield Hosts(first.ready(), second.ready(), relay.ready())


@contextmanager
def listening(host: ServingHost, client: httpx2.Client) -> Iterator[ClientConnection]:
    ticket = client.post("/api/v1/auth/ws-ticket").json()["ticket"]
    with connect(f"ws://127.0.0.1:{host.port}/ws?ticket={ticket}") as socket:
        socket.send(json.dumps({"action": "subscribe", "topics": ["entities"]}))
        assert json.loads(socket.recv(timeout=20))["type"] == "subscribed"
        yield socket


def test_a_change_reaches_the_sockets_of_every_host(hosts: Hosts) -> None:
    """The relay posts to the first host, which passes on to the second."""
    with ExitStack() as stack:
        clients = [stack.enter_context(each.client()) for each in (hosts.first, hosts.second)]
        sockets = [
            stack.enter_context(listening(host, client))
            for host, client in zip((hosts.first, hosts.second), clients, strict=True)
        ]
        for number, client in enumerate(clients):
            new = {"name": f"shared {number}", "type": "topic", "confidence": 1}
            assert client.post("/api/v1/entities", json=new).status_code == 201
            for socket in sockets:
                assert json.loads(socket.recv(timeout=20))["data"]["name"] == f"shared {number}"


def test_a_host_without_its_graph_serves_and_reports_it(hosts: Hosts) -> None:
    answer = httpx2.get(f"{hosts.second.url}/health/ready", timeout=20)
    assert answer.status_code == 200
    found = answer.json()
    assert (found["status"], found["dependencies"]["graph"]["state"]) == ("degraded", "down")


def test_a_host_without_http_functions_reports_liveness(hosts: Hosts) -> None:
    assert httpx2.get(f"{hosts.relay.url}/@host/live").json() == {"status": "ok"}
    assert httpx2.get(f"{hosts.relay.url}/health/live").status_code == 404


@dataclass
class Requests:
    """Requests one after another, each on a new connection, to hosts in turn."""

    hosts: list[ServingHost]
    answered: int = 0
    failed: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.stop.is_set():
            for host in list(self.hosts):
                try:
                    answer = httpx2.get(f"{host.url}/health/ready", timeout=30)
                except httpx2.ConnectError:
                    with suppress(ValueError):  # as a load balancer does; nothing was sent
                        self.hosts.remove(host)
                except httpx2.TransportError as error:
                    self.failed.append(repr(error))
                else:
                    self.answered += 1
                    if answer.status_code != 200:
                        self.failed.append(str(answer.status_code))


def test_a_host_that_is_stopped_serves_all_requests_and_closes_its_sockets(
    hosts: Hosts, settings: dict[str, str], tmp_path: Path
) -> None:
    with ServingHost(tmp_path, {**settings, "GROUNDWORK_FUNCTIONS": HTTP}) as going:
        going.ready()
        requests = Requests([hosts.first, going])
        clients = [threading.Thread(target=requests.run) for _ in range(4)]
        with going.client() as client, listening(going, client) as socket:
            for each in clients:
                each.start()
            try:
                while requests.answered < 20:
                    time.sleep(0.05)
                began = time.monotonic()
                assert going.stop() == 0
                took = time.monotonic() - began
                with pytest.raises(ConnectionClosed) as closed:
                    socket.recv(timeout=5)
            finally:
                requests.stop.set()
                for each in clients:
                    each.join()
    assert requests.failed == []
    assert going not in requests.hosts
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001
    print(f"stopped in {took:.1f} s, {requests.answered} answers, none failed")


def test_a_host_waits_for_the_migration_that_it_needs(
    settings: dict[str, str], server_url: str, tmp_path: Path
) -> None:
    name = f"gw_unmigrated_{free_port()}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        url = f"{server_url.rsplit('/', 1)[0]}/{name}"
        empty = {**settings, "GROUNDWORK_MIGRATION_DATABASE_URL": "", "DATABASE_URL": url}
        empty |= {"GROUNDWORK_FUNCTIONS": "Identity"}
        try:
            done = run(
                "serve", environment={**empty, "GROUNDWORK_SCHEMA_WAIT_SECONDS": "0"}, expect=1
            )
            assert "run `groundwork migrate`" in done.stderr
            with ServingHost(tmp_path, empty) as host:
                while "no revision" not in host.log:
                    time.sleep(0.05)
                run("migrate", environment=empty)
                host.ready()
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
