"""Merges, splits and deletions of entities are projected to the graph."""

import random
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from groundwork_core.errors import GroundworkError
from groundwork_core.knowledge.merging import merge_entity, split_entity
from groundwork_core.resources.writing import Expected
from groundwork_data.graph.verify import verify
from groundwork_data.postgres import merging_sql
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork

from ...functions.graph_api.conftest import Api

NAMED = "query($id: ID!) { entity(id: $id) { id name aliases } }"
LINKED = "MATCH (:Entity {id: $id})-[r]-() RETURN count(r) AS links"


def work(api: Api) -> PostgresUnitOfWork:
    return PostgresUnitOfWork(api.database)


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


def test_with_a_lower_version_a_split_entity_would_stay_deleted(
    api: Api, known: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled: the version after the last one is the one that the graph buried."""
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


# Merges of merges, in any order, with changes in between


EDGES = "SELECT id::text, from_id::text, type, to_id::text, valid_from FROM relationships"
NAMES = "SELECT id::text, name, aliases FROM entities"
MENTIONED = "SELECT document_id::text, entity_id::text, relationship_id::text, role FROM mentions"
KINDS = ["KNOWS", "LIKES"]


def small_world(api: Api) -> list[str]:
    """Seven entities with every kind of relationship between them; some are mentioned."""
    rows = api.sql(
        "INSERT INTO entities (name, type, key, aliases)"
        " SELECT 'N' || i, 'topic', 'n' || i, ARRAY['A' || i % 3]"
        " FROM generate_series(0, 6) i RETURNING id::text"
    )
    api.sql(
        "INSERT INTO relationships (from_id, to_id, type, valid_from)"
        " SELECT a.id, b.id, CASE WHEN a.id = b.id THEN 'LOOPS' ELSE k END, v"
        " FROM entities a, entities b, unnest(%s::text[]) k, unnest(%s::timestamptz[]) v"
        " WHERE hashtext(a.name || b.name || k || coalesce(v::text, '')) %% 3 = 0"
        " ON CONFLICT DO NOTHING RETURNING id",
        KINDS,
        [None, "2020-01-01"],
    )
    ((source,),) = api.sql(
        "INSERT INTO sources (name, url, schedule) VALUES ('S', 'https://example.org/', %s)"
        " RETURNING id",
        '{"kind": "interval", "every_seconds": 900}',
    )
    ((document,),) = api.sql(
        "INSERT INTO documents (source_id, external_id, content_hash)"
        " VALUES (%s, 'x', repeat('0', 64)) RETURNING id",
        source,
    )
    for column, table in (("entity_id", "entities"), ("relationship_id", "relationships")):
        api.sql(
            f"INSERT INTO mentions (document_id, revision, {column}, role)"
            f" SELECT %s, 1, id, 'r' || row_number() OVER () %% 2 FROM {table} RETURNING id",
            document,
        )
    return [row[0] for row in rows]


def standing(api: Api) -> list[list[tuple[object, ...]]]:
    return [sorted(api.sql(query), key=repr) for query in (EDGES, NAMES, MENTIONED)]


def no_loop_is_new(api: Api) -> bool:
    return api.sql(f"{EDGES} WHERE from_id = to_id AND type <> 'LOOPS'") == []


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.long)])
def test_splits_in_the_reverse_order_restore_all_rows(api: Api, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a history that can be repeated
    there = small_world(api)
    before = [standing(api)]
    merged: list[str] = []
    while len(there) > 1:
        one, into = chance.sample(there, 2)
        merge(api, one, into)
        assert no_loop_is_new(api)
        there.remove(one)
        merged.append(one)
        before.append(standing(api))
    api.relay(chance.choice([3, 500]))
    while merged:
        assert standing(api) == before.pop()
        split_entity(UUID(merged.pop()), work=work(api))
    assert standing(api) == before.pop()
    api.relay()
    counted(api)


CHANGES = (
    "UPDATE relationships SET type = 'LIKES' WHERE id = (SELECT id FROM relationships r"
    " WHERE type = 'KNOWS' AND NOT EXISTS (SELECT FROM relationships k WHERE k.type = 'LIKES' AND"
    " k.from_id = r.from_id AND k.to_id = r.to_id AND k.valid_from IS NOT DISTINCT FROM"
    " r.valid_from) ORDER BY md5(id::text) LIMIT 1) RETURNING id",
    "DELETE FROM relationships WHERE id = (SELECT id FROM relationships ORDER BY md5(id::text)"
    " LIMIT 1) RETURNING id",
    "INSERT INTO relationships (from_id, to_id, type) SELECT a.id, b.id, 'KNOWS'"
    " FROM entities a, entities b WHERE a.id <> b.id ORDER BY md5(a.id::text || b.id) LIMIT 2"
    " ON CONFLICT DO NOTHING RETURNING id",
    "UPDATE entities SET name = name || '.', aliases = aliases || 'New'::text RETURNING id",
    "DELETE FROM entities WHERE id = (SELECT id FROM entities ORDER BY md5(id::text) LIMIT 1)"
    " AND (SELECT count(*) FROM entities) > 3 RETURNING id",
)


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.long)])
def test_merges_and_splits_in_any_order_with_changes_between_them_leave_the_stores_equal(
    api: Api, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - a history that can be repeated
    small_world(api)
    for _ in range(25):
        there = [row[0] for row in api.sql("SELECT id::text FROM entities ORDER BY id")]
        gone = [row[0] for row in api.sql("SELECT id::text FROM merged_entities ORDER BY id")]
        act = chance.random()
        if act < 0.4 and len(there) > 2:
            one, into = chance.sample(there, 2)
            merge(api, one, into)
        elif act < 0.75 and gone:
            split_entity(UUID(chance.choice(gone)), work=work(api))
        else:
            api.sql(chance.choice(CHANGES))
        assert no_loop_is_new(api)
        if chance.random() < 0.3:
            api.relay(chance.choice([3, 500]))
    api.relay()
    counted(api)


def test_simultaneous_merges_splits_and_deletions_leave_both_stores_equal(api: Api) -> None:
    ids = small_world(api)
    conflicts: list[Exception] = []

    def act(seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - a history that can be repeated
        database = api.wiring.new_database()
        for _ in range(15):
            one, into = map(UUID, chance.sample(ids, 2))
            own = PostgresUnitOfWork(database)
            try:
                if chance.random() < 0.5:
                    merge_entity(one, into, Expected(None), work=own)
                else:
                    split_entity(one, work=own)
                database.rows(chance.choice(CHANGES[:4]))
            except GroundworkError as error:
                conflicts.append(error)
        database.close()

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(act, seed) for seed in range(4)]:
            done.result(timeout=60)
    assert conflicts  # they did meet
    assert no_loop_is_new(api)
    api.relay()
    counted(api)
