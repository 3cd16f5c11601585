"""Compose with LocalStack as the emulator: queues and keys are there, and a write goes through."""

import httpx2
import pytest

from ..waiting import eventually
from .engine import Engine
from .project import started

pytestmark = [pytest.mark.long, pytest.mark.containers, pytest.mark.timeout(3600)]


def test_a_write_goes_through_the_queues_of_localstack(
    engine: Engine,
    base: str,
    images: dict[str, str],
    standins: str,
    localstack: str,
    compose: list[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("localstack")
    with started(engine, compose, base, folder, "localstack") as project:
        print(f"compose up to ready: {project.seconds:.0f} s")
        services = project("ps", "--services").split()
        assert "localstack" in services
        assert "ministack" not in services
        with project.client() as client:
            source = client.post(
                "/api/v1/sources", json={"name": "None", "url": "https://nothing.example.test/"}
            )
            assert source.status_code == 201, source.text
            # Its first fetch is claimed at once; the claim goes to the queue, and Fetch takes it.
            assert eventually(lambda: failures(client, source.json()["id"]) > 0, 120)


def failures(client: httpx2.Client, source_id: str) -> int:
    """Return how many fetches of a source in a row have failed."""
    state = client.get(f"/api/v1/sources/{source_id}").json()["state"]
    return int(state["failures"])
