"""A running instance is restored from an older backup than its graph."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from tests.child_instance import Instance

from ..comparing import differences
from ..instances import environment_of, instance_on, run
from ..waiting import eventually
from .asking import graphql

# Seven commands, each a process of its own;
# tests/integration/data/graph/test_restore.py has the parts.
pytestmark = pytest.mark.long

ENTITIES = "/api/v1/entities"


@pytest.fixture
def own(neo4j: Any, database_url: str) -> Iterator[Instance]:
    """An instance of this test alone: its history is lost."""
    with instance_on(database_url, neo4j) as up:
        yield up


CARRIED = """
SELECT NOT EXISTS (SELECT FROM outbox o, outbox_cursors c WHERE (o.xid, o.id) > (c.xid, c.id))
"""


def all_carried(database_url: str) -> bool:
    """Return whether every destination has received all rows."""
    with psycopg.connect(database_url) as database:
        return database.execute(CARRIED).fetchone() == (True,)


def made(client: httpx2.Client, name: str) -> str:
    answer = client.post(ENTITIES, json={"name": name, "type": "topic"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def rename(client: httpx2.Client, id_: str, name: str) -> None:
    meant = {"If-Match": client.get(f"{ENTITIES}/{id_}").headers["ETag"]}
    answer = client.patch(f"{ENTITIES}/{id_}", json={"name": name}, headers=meant)
    assert answer.status_code == 200, answer.text


def name_in_graph(client: httpx2.Client, id_: str) -> str | None:
    found = graphql(client, "query($id: ID!) { entity(id: $id) { name } }", id=id_)["entity"]
    return found and str(found["name"])


def verify(instance: Instance, exit_code: int = 0) -> Any:
    environment = environment_of(instance)
    done = run("graph", "verify", "--json", environment=environment, expect=exit_code)
    return json.loads(done.stdout)


def test_verify_says_that_the_graph_is_ahead_and_repair_corrects_it(
    own: Instance, neo4j: Any, database_url: str, tmp_path: Path
) -> None:
    backup, environment = str(tmp_path / "yesterday"), environment_of(own)
    with own.client() as client:
        changed, deleted = made(client, "Changed"), made(client, "Deleted")
        assert eventually(lambda: all_carried(database_url))
        run("backup", backup, environment=environment)

        rename(client, changed, "Changed since")
        meant = {"If-Match": client.get(f"{ENTITIES}/{deleted}").headers["ETag"]}
        assert client.delete(f"{ENTITIES}/{deleted}", headers=meant).status_code == 204
        added = made(client, "Added since")
        assert eventually(lambda: name_in_graph(client, added))
        assert verify(own)["ok"]

        run("restore", backup, "--force", environment=environment)
        assert client.get(f"{ENTITIES}/{changed}").json()["name"] == "Changed"
        found = verify(own, exit_code=1)
        assert found["restored"]
        assert found["kinds"] == {"ahead": 1, "missing": 1, "extra": 1}, found
        # Nobody has healed it: it is as far ahead as it was.
        assert name_in_graph(client, changed) == "Changed since"
        assert differences(database_url, neo4j.driver)

        run("graph", "repair", environment=environment)
        assert verify(own)["ok"]
        assert not differences(database_url, neo4j.driver)
        names = [name_in_graph(client, id_) for id_ in (changed, deleted, added)]
        assert names == ["Changed", "Deleted", None]

        rename(client, changed, "Changed anew")
        assert eventually(lambda: name_in_graph(client, changed) == "Changed anew")
        assert verify(own)["ok"]
