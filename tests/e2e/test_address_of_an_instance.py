"""`groundwork up` listens on the address of its settings."""

import socket
from collections.abc import Iterator, Mapping

import httpx2
import pytest
from tests.child_instance import Instance

from ..conftest import Graph
from ..instances import environment_of, new_home, output_of, run

ADDRESS = "127.0.0.2"


@pytest.fixture
def elsewhere(services: Mapping[str, str], database_url: str, neo4j: Graph) -> Iterator[Instance]:
    """An instance on services that run already, on another address of loopback."""
    settings = {
        "GROUNDWORK_ADDRESS": ADDRESS,
        "DATABASE_URL": database_url,
        "NEO4J_URI": neo4j.uri,
        "NEO4J_USER": neo4j.user,
        "NEO4J_PASSWORD": neo4j.password,
        **{name: services[name] for name in services if name.startswith("AWS_")},
    }
    with new_home() as home, Instance(home, settings) as up:
        yield up


def test_an_instance_serves_only_on_its_address(elsewhere: Instance) -> None:
    assert f"Groundwork is ready at http://{ADDRESS}:{elsewhere.port}" in output_of(elsewhere)
    assert httpx2.get(elsewhere.url + "/health/ready").status_code == 200
    with elsewhere.client() as client:  # functions reach what they need
        assert client.get("/api/v1/sources").status_code == 200
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", elsewhere.port)) != 0
    # Another instance is refused that address, and only that.
    with new_home() as home:
        environment = {**environment_of(elsewhere), "GROUNDWORK_HOME": str(home)}
        done = run("up", environment=environment, expect=1)
    assert f"Port {elsewhere.port} of {ADDRESS} is taken" in done.stderr
