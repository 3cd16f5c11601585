"""The `groundwork` command, run by a person and by a supervisor."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
from collections.abc import Iterator

import httpx2
import neo4j
import psutil
import pytest
from tests.child_instance import Instance, free_port

from groundwork_command.services.home import Home

from ..instances import COMMAND, environment_of, new_home, output_of, run
from ..waiting import eventually

LOOPBACK = {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


@pytest.fixture(scope="module")
def own() -> Iterator[Instance]:
    """An instance with everything embedded, as a newcomer has it."""
    with new_home() as home, Instance(home, {"GROUNDWORK_ADMIN_PASSWORD": ""}) as running:
        yield running


def anybody(instance: Instance) -> httpx2.Client:
    return httpx2.Client(base_url=instance.url, timeout=30, trust_env=False)


def stop(instance: Instance, number: signal.Signals) -> int:
    instance.process.send_signal(number)
    return instance.process.wait(timeout=60)


def family(pid: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def admin_of(own: Instance) -> httpx2.Client:
    """The first admin, by the password that the first start printed once."""
    (line,) = [line for line in output_of(own) if "password" in line]
    found = re.search(r"password (\S+) ", line)
    assert found
    own.password = found[1]
    return own.client()


def test_it_says_once_that_it_is_ready(own: Instance) -> None:
    assert [line for line in output_of(own) if "is ready at" in line] == [
        f"Groundwork is ready at {own.url}"
    ]
    with anybody(own) as client:
        assert client.get("/health/ready").status_code == 200


def test_a_made_up_password_is_printed_once_and_works(own: Instance) -> None:
    with admin_of(own) as client:
        assert client.get("/api/v1/me").status_code == 200


def test_no_process_of_it_listens_to_the_world(own: Instance) -> None:
    listening = {
        str(connection.laddr.ip)
        for process in family(own.process.pid)
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN or connection.type == socket.SOCK_DGRAM
    }
    assert listening
    assert listening <= LOOPBACK


def test_secrets_in_the_state_folder_are_private(own: Instance) -> None:
    files = [*(own.home / "secrets").iterdir(), *own.home.glob("*.json")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_idle_services_stay_under_two_gigabytes(own: Instance) -> None:
    recorded = json.loads((own.home / "processes.json").read_text())
    assert set(recorded) == {"postgres", "neo4j", "emulator"}
    resident = sum(
        process.memory_info().rss for each in recorded.values() for process in family(each["pid"])
    )
    assert resident < 2 * 1024**3


def test_another_on_the_same_folder_is_refused(own: Instance) -> None:
    done = run("up", environment=environment_of(own), expect=1)
    assert "already runs on" in done.stderr


def test_an_occupied_port_is_named(own: Instance) -> None:
    with new_home() as home:
        environment = {**environment_of(own), "GROUNDWORK_HOME": str(home)}
        done = run("up", environment=environment, expect=1)
    port = own.port
    assert f"Port {port} of 127.0.0.1 is taken" in done.stderr
    assert "GROUNDWORK_PORT" in done.stderr


def test_a_bad_setting_stops_the_start_with_one_line(own: Instance) -> None:
    environment = {**environment_of(own), "GROUNDWORK_RATE_LIMIT": "many"}
    done = run("up", environment=environment, expect=1)
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "GROUNDWORK_RATE_LIMIT" in done.stderr


def test_the_doctor_finds_the_running_instance(own: Instance) -> None:
    found = json.loads(run("doctor", "--json", environment=environment_of(own)).stdout)
    assert found["ok"]
    seen = {finding["check"]: finding["seen"] for finding in found["findings"]}
    assert own.url in seen["instance"]
    assert "running instance" in seen["port"]


def test_the_doctor_names_a_port_that_another_program_has(own: Instance) -> None:
    with new_home() as home:
        environment = {**environment_of(own), "GROUNDWORK_HOME": str(home)}
        found = json.loads(run("doctor", "--json", environment=environment, expect=1).stdout)
    (port,) = [finding for finding in found["findings"] if finding["check"] == "port"]
    assert port["state"] == "blocks"
    assert "GROUNDWORK_PORT" in port["do"]


def test_migrating_again_changes_nothing(own: Instance) -> None:
    done = json.loads(run("migrate", "--json", environment=environment_of(own)).stdout)
    assert done["postgres_before"] == done["postgres_after"]
    assert done["graph_applied"] == done["graph_undone"] == []


def test_the_graph_migrates_back_and_forward_by_its_numbers(own: Instance) -> None:
    def migrate(*arguments: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = json.loads(
            run("migrate", "--json", *arguments, environment=environment_of(own)).stdout
        )
        return found

    back = migrate("--graph-to", "0")["graph_undone"]
    assert back[-1].startswith("0001_")
    assert migrate()["graph_applied"] == back[::-1]


def test_an_account_made_by_the_command_can_log_in(own: Instance) -> None:
    made = json.loads(
        run(
            "user",
            "create",
            "--email",
            "eve@example.test",
            "--role",
            "viewer",
            environment=environment_of(own),
        ).stdout
    )
    with anybody(own) as client:
        answer = client.post(
            "/api/v1/auth/login", json={"email": made["email"], "password": made["password"]}
        )
    assert answer.status_code == 200


def test_an_unknown_role_is_refused(own: Instance) -> None:
    done = run(
        "user",
        "create",
        "--email",
        "x@example.test",
        "--role",
        "king",
        environment=environment_of(own),
        expect=1,
    )
    assert "king" in done.stderr


def test_the_demo_ends_with_a_query_and_its_answer(own: Instance) -> None:
    with admin_of(own) as client:
        nobodys = client.post("/api/v1/jobs", json={"kind": "of_nobody", "payload": {}})
        assert nobodys.status_code == 201, nobodys.text
    done = run("demo", environment=environment_of(own))
    query, _, answer = done.stdout.partition("\n}\n")
    assert query.startswith("{")
    (topic,) = json.loads(answer)["data"]["entities"]["edges"]
    names = {edge["node"]["name"] for edge in topic["node"]["neighbours"]["edges"]}
    assert {"Tidewater Gazette", "Brasswork Quarterly", "Ines Okafor"} <= names


def test_the_command_finds_and_repairs_drift(own: Instance) -> None:
    environment = environment_of(own)
    assert json.loads(run("graph", "verify", "--json", environment=environment).stdout)["ok"]
    addresses = own.addresses
    with neo4j.GraphDatabase.driver(
        addresses["NEO4J_URI"], auth=(addresses["NEO4J_USER"], addresses["NEO4J_PASSWORD"])
    ) as driver:
        driver.execute_query("MATCH (n:Entity {name: 'Ines Okafor'}) DETACH DELETE n")
    changed = run("graph", "verify", "--json", environment=environment, expect=1)
    assert {each["kind"] for each in json.loads(changed.stdout)["drift"]} == {"missing"}
    run("graph", "repair", environment=environment)
    assert json.loads(run("graph", "verify", "--json", environment=environment).stdout)["ok"]
    built = json.loads(run("graph", "rebuild", "--json", environment=environment).stdout)
    assert built["entities"] > 20
    assert json.loads(run("graph", "verify", "--json", environment=environment).stdout)["ok"]


def test_sources_are_imported_once_and_what_is_left_out_is_named(own: Instance) -> None:
    environment = environment_of(own)
    path = own.home.parent / "list.txt"
    path.write_text("https://blog.example/one\nhttps://blog.example/two\n")
    command = ("sources", "import", str(path))
    first = json.loads(run(*command, "--json", environment=environment).stdout)
    assert first == {"created": 2, "existing": 0, "failed": []}
    path.write_text(path.read_text() + "http://10.0.0.1/three\n")
    again = json.loads(run(*command, "--json", environment=environment, expect=1).stdout)
    assert (again["created"], again["existing"]) == (0, 2)
    assert [(one["line"], one["url"]) for one in again["failed"]] == [(3, "http://10.0.0.1/three")]
    printed = run(*command, environment=environment, expect=1).stderr
    assert "0 created, 2 existing, 1 skipped" in printed
    assert "line 3: http://10.0.0.1/three: the address is not public" in printed


def test_a_file_that_is_not_a_list_of_feeds_is_not_imported(own: Instance) -> None:
    path = own.home.parent / "list.opml"
    path.write_bytes(b"<html><body/></html>")
    printed = run("sources", "import", str(path), environment=environment_of(own), expect=1).stderr
    assert "not OPML" in printed


def test_queues_are_shown(own: Instance) -> None:
    found = json.loads(run("queues", "show", "--json", environment=environment_of(own)).stdout)
    names = {queue["name"].rsplit("-", 1)[1] for queue in found["queues"]}
    assert {"FetchQueue", "FetchDeadLetters", "RelayQueue"} <= names


def test_the_openapi_document_is_printed(own: Instance) -> None:
    assert json.loads(run("openapi", environment=environment_of(own)).stdout)["openapi"].startswith(
        "3.1"
    )


def test_sigterm_while_it_starts_ends_it_too_and_leaves_nothing() -> None:
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


# Last, for it stops the instance


@pytest.mark.long
def test_sigterm_ends_it_with_exit_code_zero_and_the_data_is_there_again(own: Instance) -> None:
    processes = family(own.process.pid)
    assert stop(own, signal.SIGTERM) == 0
    assert not [process for process in processes if process.is_running()]
    with Instance(own.home, own.settings) as again:
        assert not [line for line in output_of(again) if "password" in line]
        kept = json.loads((own.home / "secrets" / "admin").read_text())
        with anybody(again) as client:
            login = client.post("/api/v1/auth/login", json=kept)
            token = login.json()["access_token"]
            answer = client.get("/api/v1/sources", headers={"Authorization": f"Bearer {token}"})
        assert len(answer.json()["items"]) >= 7
        assert stop(again, signal.SIGINT) == 0
