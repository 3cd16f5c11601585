"""The graph follows when entities are merged, split and deleted."""

from collections.abc import Mapping
from uuid import UUID

import pytest

from groundwork_core.knowledge.merging import merge_entity, split_entity
from groundwork_core.resources.writing import Expected
from groundwork_data.graph.verify import verify
from groundwork_data.postgres import merging_sql
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork

from .conftest import Api

NAMED = "query($id: ID!) { entity(id: $id) { id name aliases } }"
LINKED = "MATCH (:Entity {id: $id})-[r]-() RETURN count(r) AS links"


def work(api: Api) -> PostgresUnitOfWork:
    return PostgresUnitOfWork(api.database, lambda: None)


def merge(api: Api, one: str, into: str) -> None:
    merge_entity(UUID(one), UUID(into), Expected(None), work=work(api))


def counted(api: Api) -> tuple[int, int]:
    report = verify(api.database, api.wiring.graph)
    assert report.ok, report.drift
    return report.entities, report.relationships


@pytest.mark.parametrize("limit", [500, 3])
def test_the_graph_is_what_postgres_is_after_merge_and_split(
    api: Api, known: Mapping[str, str], limit: int
) -> None:
    ada, cray = known["Ada"], known["Cray"]
    merge(api, ada, cray)
    assert api.data(NAMED, id=ada)["entity"]["id"] == ada  # the graph has not heard yet
    api.relay(limit)
    assert counted(api) == (43, 43)  # without Ada, and what joined the two
    for id_ in (ada, cray):
        found = api.data(NAMED, id=id_)["entity"]
        assert (found["id"], found["aliases"]) == (cray, ["Ada"])
    split_entity(UUID(ada), work=work(api))
    api.relay(limit)
    assert counted(api) == (44, 44)
    assert api.data(NAMED, id=ada)["entity"]["name"] == "Ada"
    assert api.data(NAMED, id=cray)["entity"]["aliases"] == []
    assert api.wiring.graph.run(LINKED, {"id": ada}) == [{"links": 42}]
    for undone in ((ada, cray), (cray, ada)):
        merge(api, ada, cray)
        merge(api, cray, known["Bell"])
        for one in undone:
            split_entity(UUID(one), work=work(api))
        api.relay(limit)
        assert counted(api) == (44, 44)


def test_who_comes_back_with_an_old_version_would_stay_buried(
    api: Api, known: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard taken away: the version after the last one is the one that the graph buried."""
    statements = tuple(one.replace("+ 2", "+ 1") for one in merging_sql.SPLIT)
    assert statements != merging_sql.SPLIT
    monkeypatch.setattr(merging_sql, "SPLIT", statements)
    merge(api, known["Ada"], known["Cray"])
    api.relay()
    split_entity(UUID(known["Ada"]), work=work(api))
    api.relay()
    assert not verify(api.database, api.wiring.graph).ok


def test_an_entity_that_is_deleted_takes_its_relationships_with_it(
    api: Api, known: Mapping[str, str]
) -> None:
    api.sql("DELETE FROM entities WHERE id = %s RETURNING id", known["Ada"])
    assert api.sql("SELECT count(*) FROM relationships") == [(2,)]
    api.relay()
    assert counted(api) == (43, 2)
