"""`groundwork up` ends by a signal at any moment, and starts again with its data."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator

import pytest
from tests.child_instance import Instance, free_port

from groundwork_command.services.home import Home

from ..instances import COMMAND, new_home, output_of, printed_password
from ..sockets import family
from ..waiting import eventually


@pytest.fixture(scope="module")
def own() -> Iterator[Instance]:
    """An instance with everything embedded, as a newcomer has it."""
    with new_home() as home, Instance(home, {"GROUNDWORK_ADMIN_PASSWORD": ""}) as running:
        yield running


def stop(instance: Instance, number: signal.Signals) -> int:
    instance.process.send_signal(number)
    return instance.process.wait(timeout=60)


def test_sigterm_during_the_start_ends_the_instance_and_leaves_no_process() -> None:
    with new_home() as home:
        environment = {**os.environ, "GROUNDWORK_HOME": str(home)}
        environment["GROUNDWORK_PORT"] = str(free_port())
        process = subprocess.Popen([COMMAND, "up"], env=environment, stderr=subprocess.PIPE)
        record = home / "processes.json"
        assert eventually(lambda: record.exists() and "postgres" in record.read_text())
        processes = family(process.pid)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()
        assert not [each for each in processes if each.is_running()]
        assert Home(home).holder() is None


@pytest.mark.long
def test_a_password_made_by_a_start_that_was_ended_is_printed_by_the_next() -> None:
    with new_home() as home:
        environment = {**os.environ, "GROUNDWORK_HOME": str(home)}
        environment["GROUNDWORK_PORT"] = str(free_port())
        process = subprocess.Popen([COMMAND, "up"], env=environment, stderr=subprocess.PIPE)
        assert eventually((home / "secrets" / "admin").exists, within_seconds=60)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        assert b"password" not in errors
        with Instance(home, {"GROUNDWORK_ADMIN_PASSWORD": ""}) as next_one:
            (line,) = [line for line in output_of(next_one) if "password" in line]
        assert json.loads((home / "secrets" / "admin").read_text())["password"] in line


@pytest.mark.long
def test_an_instance_ended_by_sigterm_exits_with_zero_and_keeps_its_data(own: Instance) -> None:
    own.password = printed_password(own)
    with own.client() as client:
        topic = {"name": "Tides", "type": "topic"}
        made = client.post("/api/v1/entities", json=topic).json()["id"]
    processes = family(own.process.pid)
    assert stop(own, signal.SIGTERM) == 0
    assert not [process for process in processes if process.is_running()]
    with Instance(own.home, own.settings) as again:
        assert not [line for line in output_of(again) if "password" in line]
        kept = json.loads((own.home / "secrets" / "admin").read_text())
        again.email, again.password = kept["email"], kept["password"]
        with again.client() as client:
            assert client.get(f"/api/v1/entities/{made}").json()["name"] == "Tides"
        assert stop(again, signal.SIGINT) == 0
