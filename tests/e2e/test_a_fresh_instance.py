"""The state after the first `groundwork up` on a machine; these tests run first of the suite."""

import json
import stat
from contextlib import suppress

import httpx2
import psutil
from tests.child_instance import Instance

from ..instances import output_of, printed_password
from ..sockets import family, listening

LOOPBACK = {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


def test_the_command_reports_readiness_once(instance: Instance) -> None:
    assert [line for line in output_of(instance) if "is ready at" in line] == [
        f"Groundwork is ready at {instance.url}"
    ]
    assert httpx2.get(f"{instance.url}/health/ready", timeout=30).status_code == 200


def test_a_generated_password_is_printed_once_and_works(instance: Instance) -> None:
    assert instance.password == printed_password(instance)
    with instance.client() as client:
        assert client.get("/api/v1/me").status_code == 200


def test_no_process_of_an_instance_listens_beyond_loopback(instance: Instance) -> None:
    found = listening(process.pid for process in family(instance.process.pid))
    assert found
    assert found <= LOOPBACK


def test_secrets_in_the_state_folder_are_private(instance: Instance) -> None:
    files = [*(instance.home / "secrets").iterdir(), *instance.home.glob("*.json")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_idle_services_stay_under_two_gigabytes(instance: Instance) -> None:
    recorded = json.loads((instance.home / "processes.json").read_text())
    assert set(recorded) == {"postgres", "neo4j", "emulator"}
    resident = 0
    for each in recorded.values():
        for process in family(each["pid"]):
            with suppress(psutil.NoSuchProcess):  # workers of Postgres come and go
                resident += process.memory_info().rss
    assert 0 < resident < 2 * 1024**3
