"""One whole instance for the run, on services of its own, and feeds for it to read."""

from collections.abc import Iterator

import httpx2
import pytest
from tests.child_instance import Instance

from ..feeds import FeedServer
from ..folders import state_folder
from ..instances import printed_password


@pytest.fixture(scope="session")
def instance() -> Iterator[Instance]:
    """`groundwork up`, as a user starts it, with a made-up password of its first admin."""
    settings = {
        "GROUNDWORK_FETCH_ALLOW": "127.0.0.0/8",
        "GROUNDWORK_SWEEP_AFTER_SECONDS": "5",
        "GROUNDWORK_CORS_ORIGINS": "https://app.example.org",
        "GROUNDWORK_ADMIN_PASSWORD": "",
    }
    with state_folder("groundwork-e2e-") as folder:
        folder.chmod(0o755)
        with Instance(folder / "home", settings) as up:
            up.password = printed_password(up)
            yield up


@pytest.fixture
def admin(instance: Instance) -> Iterator[httpx2.Client]:
    """A client with the admin's token."""
    with instance.client() as client:
        # The web servers of all tests are one host.
        settings = {"min_delay_ms": 0, "max_in_flight": 10}
        client.patch("/api/v1/hosts/127.0.0.1", json=settings).raise_for_status()
        yield client


@pytest.fixture
def feeds() -> Iterator[FeedServer]:
    """A web server of this test's own."""
    with FeedServer() as server:
        yield server
