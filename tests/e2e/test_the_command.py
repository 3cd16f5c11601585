"""The `groundwork` command, run by a person and by a supervisor."""

import json

import httpx2
import neo4j
from tests.child_instance import Instance

from ..instances import environment_of, new_home, run


def anybody(instance: Instance) -> httpx2.Client:
    return httpx2.Client(base_url=instance.url, timeout=30, trust_env=False)


def test_a_second_up_on_the_same_folder_is_refused(instance: Instance) -> None:
    done = run("up", environment=environment_of(instance), expect=1)
    assert "already runs on" in done.stderr


def test_an_occupied_port_is_named(instance: Instance) -> None:
    with new_home() as home:
        environment = {**environment_of(instance), "GROUNDWORK_HOME": str(home)}
        done = run("up", environment=environment, expect=1)
    port = instance.port
    assert f"Port {port} of 127.0.0.1 is taken" in done.stderr
    assert "GROUNDWORK_PORT" in done.stderr


def test_a_bad_setting_stops_the_start_with_one_line(instance: Instance) -> None:
    environment = {**environment_of(instance), "GROUNDWORK_RATE_LIMIT": "many"}
    done = run("up", environment=environment, expect=1)
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "GROUNDWORK_RATE_LIMIT" in done.stderr


def test_the_doctor_finds_the_running_instance(instance: Instance) -> None:
    found = json.loads(run("doctor", "--json", environment=environment_of(instance)).stdout)
    assert found["ok"]
    seen = {finding["check"]: finding["seen"] for finding in found["findings"]}
    assert instance.url in seen["instance"]
    assert "running instance" in seen["port"]


def test_the_doctor_names_a_port_that_another_program_has(instance: Instance) -> None:
    with new_home() as home:
        environment = {**environment_of(instance), "GROUNDWORK_HOME": str(home)}
        found = json.loads(run("doctor", "--json", environment=environment, expect=1).stdout)
    (port,) = [finding for finding in found["findings"] if finding["check"] == "port"]
    assert port["state"] == "blocks"
    assert "GROUNDWORK_PORT" in port["do"]


def test_migrating_again_changes_nothing(instance: Instance) -> None:
    done = json.loads(run("migrate", "--json", environment=environment_of(instance)).stdout)
    assert done["postgres_before"] == done["postgres_after"]
    assert done["graph_applied"] == done["graph_undone"] == []


def test_the_graph_migrates_back_and_forward_by_its_numbers(instance: Instance) -> None:
    def migrate(*arguments: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = json.loads(
            run("migrate", "--json", *arguments, environment=environment_of(instance)).stdout
        )
        return found

    back = migrate("--graph-to", "0")["graph_undone"]
    assert back[-1].startswith("0001_")
    assert migrate()["graph_applied"] == back[::-1]


def test_an_account_made_by_the_command_can_log_in(instance: Instance) -> None:
    made = json.loads(
        run(
            "user",
            "create",
            "--email",
            "eve@example.test",
            "--role",
            "viewer",
            environment=environment_of(instance),
        ).stdout
    )
    with anybody(instance) as client:
        answer = client.post(
            "/api/v1/auth/login", json={"email": made["email"], "password": made["password"]}
        )
    assert answer.status_code == 200


def test_an_unknown_role_is_refused(instance: Instance) -> None:
    done = run(
        "user",
        "create",
        "--email",
        "x@example.test",
        "--role",
        "king",
        environment=environment_of(instance),
        expect=1,
    )
    assert "king" in done.stderr


def test_the_demo_ends_with_a_query_and_its_result(instance: Instance) -> None:
    with instance.client() as client:
        nobodys = client.post("/api/v1/jobs", json={"kind": "of_nobody", "payload": {}})
        assert nobodys.status_code == 201, nobodys.text
    done = run("demo", environment=environment_of(instance))
    query, _, answer = done.stdout.partition("\n}\n")
    assert query.startswith("{")
    (topic,) = json.loads(answer)["data"]["entities"]["edges"]
    names = {edge["node"]["name"] for edge in topic["node"]["neighbours"]["edges"]}
    assert {"Tidewater Gazette", "Brasswork Quarterly", "Ines Okafor"} <= names


def test_the_command_finds_and_repairs_drift(instance: Instance) -> None:
    environment = environment_of(instance)
    assert json.loads(run("graph", "verify", "--json", environment=environment).stdout)["ok"]
    addresses = instance.addresses
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


def test_sources_are_imported_once_and_skipped_feeds_are_named(instance: Instance) -> None:
    environment = environment_of(instance)
    path = instance.home.parent / "list.txt"
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


def test_a_file_that_is_not_a_list_of_feeds_is_not_imported(instance: Instance) -> None:
    path = instance.home.parent / "list.opml"
    path.write_bytes(b"<html><body/></html>")
    printed = run(
        "sources", "import", str(path), environment=environment_of(instance), expect=1
    ).stderr
    assert "not OPML" in printed


def test_queues_are_shown(instance: Instance) -> None:
    found = json.loads(run("queues", "show", "--json", environment=environment_of(instance)).stdout)
    names = {queue["name"].rsplit("-", 1)[1] for queue in found["queues"]}
    assert {"FetchQueue", "FetchDeadLetters", "RelayQueue"} <= names


def test_the_openapi_document_is_printed(instance: Instance) -> None:
    assert json.loads(run("openapi", environment=environment_of(instance)).stdout)[
        "openapi"
    ].startswith("3.1")
