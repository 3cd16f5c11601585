"""Every port of every process of `groundwork up` refuses other users and web pages."""

import json
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.child_instance import Instance, free_port

from groundwork_command.services.process import Child, Launch, wait_for
from groundwork_command.services.variables import service_variables

from .strangers import as_stranger, by_bolt, by_file, by_http, by_sql, listening_files, ports


def key_of(instance: Instance) -> dict[str, str]:
    key = instance.addresses["AWS_ACCESS_KEY_ID"]
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential={key}/20260101/x/sqs/aws4_request"}


def port_of(instance: Instance, name: str) -> int:
    return int(json.loads((instance.home / "ports.json").read_text())[name])


def test_the_ports_that_this_test_tries_are_those_of_the_instance(instance: Instance) -> None:
    named = {port_of(instance, name) for name in ("postgres", "neo4j", "emulator")}
    assert {instance.port, *named} <= ports(instance.process.pid)


def test_the_attempts_succeed_with_the_right_passwords(instance: Instance) -> None:
    """Before the guesses below, after which Neo4j lets nobody in for five seconds."""
    secrets = instance.home / "secrets"
    sql, bolt = (secrets / "postgres").read_text(), (secrets / "neo4j").read_text()
    postgres, graph = port_of(instance, "postgres"), port_of(instance, "neo4j")

    def attempt() -> list[str]:
        return [
            *by_sql(postgres, (sql,)),
            *by_bolt(graph, (bolt,), guesses=()),
        ]

    let_in = attempt()  # and all is imported now
    assert {what.rpartition(" ")[2] for what in let_in} == {"SQL", "Bolt"}
    assert as_stranger(attempt) == let_in


def test_no_port_accepts_another_user(instance: Instance) -> None:
    strange = {"Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/x/sqs/aws4_request"}
    found = ports(instance.process.pid)

    def attempt() -> list[str]:
        return [
            what
            for port in found
            for what in (*by_http(port, {}), *by_http(port, strange), *by_sql(port), *by_bolt(port))
        ]

    assert attempt() == []  # without the passwords not even its own user
    assert as_stranger(attempt) == []


def test_no_other_user_reads_the_secrets_of_the_state_folder(instance: Instance) -> None:
    assert as_stranger(lambda: by_file(instance.home)) == []


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux with /proc/net/unix")
def test_nothing_listens_on_a_socket_of_the_file_system(instance: Instance) -> None:
    assert listening_files(instance.process.pid) == []


@pytest.mark.parametrize("origin", ["https://page.example", "http://127.0.0.1:4566", "null"])
def test_no_port_responds_to_a_web_page_of_another_origin(instance: Instance, origin: str) -> None:
    emulator = port_of(instance, "emulator")
    for port in ports(instance.process.pid):
        assert by_http(port, {"Origin": origin}) == []
    # Not even one that knows the key.
    assert by_http(emulator, {"Origin": origin, **key_of(instance)}) == []
    assert by_http(emulator, {"Host": "rebound.example", **key_of(instance)}) == []


def test_the_signing_key_is_not_in_the_emulator(instance: Instance) -> None:
    """Even the key opens no secret: there is none."""
    port = port_of(instance, "emulator")
    let_in = by_http(port, key_of(instance))
    assert [line for line in let_in if "ListQueues" in line]
    assert not [line for line in let_in if "GetSecretValue" in line]


@contextmanager
def without_gate(folder: Path) -> Iterator[int]:
    """MiniStack as it is."""
    port = free_port()
    own = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "SERVICES": "sqs,secretsmanager",
        "STATE_DIR": str(folder),
        "TMPDIR": str(folder),
        "DOCKER_HOST": "unix:///nonexistent",
    }
    launch = Launch(
        [sys.executable, "-m", "ministack"], folder, folder / "log", service_variables(own)
    )
    child = Child(launch)

    def answers() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        assert wait_for(answers, child, 60) is None
        yield port
    finally:
        child.stop(5)


def test_without_its_gate_the_emulator_serves_another_user(tmp_path: Path) -> None:
    with without_gate(tmp_path) as port:
        assert any("ListQueues" in what for what in as_stranger(lambda: by_http(port, {})))


def test_a_secret_file_open_to_others_is_noticed() -> None:
    # Not in pytest's own folder, which pytest closes to other users.
    with TemporaryDirectory(prefix="groundwork-open-") as name:
        home = Path(name)
        home.chmod(0o755)
        (home / "secrets").mkdir()
        (home / "secrets" / "signing-key").write_text("{}")
        assert len(as_stranger(lambda: by_file(home))) == 2
