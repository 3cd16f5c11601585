"""An instance's functions connect as the role that owns nothing; commands as the owner."""

import json

import psycopg
from tests.child_instance import Instance
from tests.instances import environment_of, run

FUNCTIONS = ("rest-api", "identity", "graph-api", "relay", "scheduler", "fetch", "results")


def users_of(instance: Instance) -> dict[str, set[str]]:
    """The roles that are connected, by the name of the program."""
    found: dict[str, set[str]] = {}
    with psycopg.connect(instance.addresses["DATABASE_URL"]) as owner:
        for user, name in owner.execute(
            "SELECT usename, application_name FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ):
            found.setdefault(user, set()).add(name)
    return found


def test_functions_connect_as_a_role_that_owns_nothing(instance: Instance) -> None:
    with instance.client() as client:
        assert client.get("/api/v1/sources").status_code == 200
    found = users_of(instance)
    assert len(found["groundwork_app"]) >= 2
    owners = found.get("groundwork", set())
    assert not {name for name in owners if any(part in name for part in FUNCTIONS)}


def test_the_first_vector_of_a_model_is_accepted(instance: Instance) -> None:
    """It makes an index, which only the owner may."""
    with instance.client() as client:
        entity = client.post("/api/v1/entities", json={"name": "Near", "type": "topic"}).json()
        body = {"subject_type": "entity", "subject_id": entity["id"], "model": "e2e-first"}
        made = client.post("/api/v1/embeddings", json={**body, "vector": [0.1, 0.2, 0.3]})
        assert made.status_code == 201, made.text


def test_the_command_migrates_as_the_owner(instance: Instance) -> None:
    done = json.loads(run("migrate", "--json", environment=environment_of(instance)).stdout)
    assert done["postgres_before"] == done["postgres_after"]
