"""The migration to folded keys merges entities whose keys become equal, also in the graph."""

import unicodedata
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from groundwork_core.errors import Invalid
from groundwork_core.knowledge.bulk import upsert_entities
from groundwork_core.knowledge.keys import folded
from groundwork_core.knowledge.merging import split_entity
from groundwork_core.knowledge.resources import NewEntity
from groundwork_data.graph.verify import verify
from groundwork_data.postgres.migrations import migrate
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork
from groundwork_runtime.settings import Settings
from groundwork_runtime.wiring import Wiring

from ....conftest import MIGRATIONS
from ...functions.graph_api.conftest import Api

BEFORE, AFTER = "0024", "0025"
NFC, NFD = "Caf\u00e9", "Cafe\u0301"
LISTED = "query($f: EntityFilter) { entities(filter: $f) { edges { node { id name } } } }"


@pytest.fixture
def old(neo4j: Any, server_url: str) -> Iterator[Api]:
    """GraphQL on a database of the revision before."""
    name = f"gw_folded_{uuid4().hex[:12]}"
    url = server_url.rsplit("/", 1)[0] + "/" + name
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    migrate(url, MIGRATIONS / "postgres", target=BEFORE)
    api = Api(
        Wiring(
            Settings.from_environment(
                {
                    "DATABASE_URL": url,
                    "NEO4J_URI": neo4j.uri,
                    "NEO4J_USER": neo4j.user,
                    "NEO4J_PASSWORD": neo4j.password,
                }
            )
        )
    )
    yield api
    for part in (api.wiring.graph, api.wiring.database, api.database):
        part.close()
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def work(api: Api) -> PostgresUnitOfWork:
    return PostgresUnitOfWork(api.database)


def entity(api: Api, key: str | None, kind: str = "topic", **more: str) -> str:
    ((made,),) = api.sql(
        "INSERT INTO entities (name, type, key, aliases, attributes)"
        " VALUES (%s, %s, %s, %s, jsonb_build_object(%s::text, 1)) RETURNING id::text",
        more.get("name", key or "none"),
        kind,
        key,
        [more["alias"]] if "alias" in more else [],
        key or "none",
    )
    return str(made)


def edge(api: Api, start: str, end: str, confidence: float = 1.0) -> str:
    ((made,),) = api.sql(
        "INSERT INTO relationships (from_id, to_id, type, confidence) VALUES (%s, %s, 'COVERS', %s)"
        " RETURNING id::text",
        start,
        end,
        confidence,
    )
    return str(made)


def mention(api: Api, entity_id: str) -> None:
    ((source,),) = api.sql(
        "INSERT INTO sources (name, url, schedule) VALUES ('S', %s, %s) RETURNING id",
        f"https://{uuid4()}.example/",
        '{"kind": "interval", "every_seconds": 900}',
    )
    ((document,),) = api.sql(
        "INSERT INTO documents (source_id, external_id, content_hash)"
        " VALUES (%s, 'x', repeat('0', 64)) RETURNING id",
        source,
    )
    api.sql(
        "INSERT INTO mentions (document_id, revision, entity_id) VALUES (%s, 1, %s) RETURNING id",
        document,
        entity_id,
    )


def keys(api: Api) -> dict[str, str | None]:
    return dict(api.sql("SELECT id::text, key FROM entities"))


def move_on(api: Api, target: str = AFTER) -> None:
    migrate(api.wiring.settings.database_url, MIGRATIONS / "postgres", target=target)


def relay(api: Api) -> None:
    """Relay rows of the old schema, which lacks a column that the relay reads."""
    # By a connection of its own: psycopg forgets what is prepared on one that alters a table.
    with psycopg.connect(api.wiring.settings.database_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE outbox ADD COLUMN IF NOT EXISTS became text")
        api.relay()
        connection.execute("ALTER TABLE outbox DROP COLUMN became")


def test_duplicate_entities_are_merged_in_both_stores(old: Api) -> None:
    site = entity(old, "site.example/Path", "organization")
    kept = entity(old, NFC, name="First")
    twins = [entity(old, NFD, name=NFD, alias="Caf"), entity(old, NFC.upper(), name="Loud")]
    other_type, keyless = entity(old, NFD, "work"), entity(old, None)
    alone = entity(old, "Alone")
    edge(old, site, kept, 0.5)
    folds, moves = edge(old, site, twins[0], 0.9), edge(old, twins[1], other_type)
    joins = edge(old, kept, twins[1])
    for one in twins:
        mention(old, one)
    relay(old)
    assert verify(old.database, old.wiring.graph).entities == 7

    move_on(old)

    assert keys(old) == {
        site: "site.example/path",
        kept: folded(NFC),
        other_type: folded(NFC),
        keyless: None,
        alone: "alone",
    }
    ((name, aliases, attributes),) = old.sql(
        "SELECT name, aliases, attributes FROM entities WHERE id = %s", kept
    )
    assert (name, aliases) == ("First", [NFC, "Caf", "Loud"])
    assert set(attributes) == {NFC, NFD, NFC.upper()}
    edges = old.sql("SELECT id::text, from_id::text, to_id::text, confidence FROM relationships")
    assert {(row[1], row[2], row[3]) for row in edges} == {(site, kept, 0.9), (kept, other_type, 1)}
    assert {moves} < {row[0] for row in edges}
    assert not {folds, joins} & {row[0] for row in edges}
    assert old.sql("SELECT DISTINCT entity_id::text FROM mentions") == [(kept,)]

    assert old.sql("SELECT count(*) > 0 FROM outbox WHERE kind = 'deleted'") == [(True,)]
    relay(old)
    report = verify(old.database, old.wiring.graph)
    assert report.ok, report.drift
    assert (report.entities, report.relationships) == (5, 2)


def test_earlier_merges_redirect_and_can_be_undone(old: Api) -> None:
    """A key that a living entity has too; one that two merges led to two; one that only changes."""
    living, first, second = entity(old, "one"), entity(old, "first"), entity(old, "second")
    gone = {key: entity(old, key) for key in ("ONE", "Two", "TWO", "Three")}
    for key, into in (("ONE", first), ("Two", first), ("TWO", second), ("Three", second)):
        with work(old) as unit:  # the release before had the same statements
            unit.merging.merge(UUID(gone[key]), UUID(into))
    relay(old)

    move_on(old, "head")  # as everything that is asked below is

    assert keys(old) == {living: "one"}  # the oldest; the others lead to it, and so are one
    led = dict(old.sql("SELECT id::text, into_id::text FROM merged_entities"))
    assert led == dict.fromkeys([*gone.values(), first, second], living)
    for key in ("One", "two", "THREE", "First", "SECOND"):
        done = upsert_entities(
            {0: NewEntity(name="N", type="topic", key=key)}, work=lambda: work(old)
        )
        assert [str(one.id) for one in done.items if hasattr(one, "id")] == [living]
    split_entity(UUID(second), work=work(old))
    split_entity(UUID(gone["ONE"]), work=work(old))
    assert keys(old) == {living: "one", second: "second", gone["ONE"]: None}
    relay(old)
    report = verify(old.database, old.wiring.graph)
    assert report.ok, report.drift


def test_without_merging_first_equal_folded_keys_violate_the_unique_index(old: Api) -> None:
    """With the guard disabled: two keys that are one now meet at the unique index."""
    entity(old, NFC), entity(old, NFD)
    with (
        pytest.raises(psycopg.errors.UniqueViolation),
        psycopg.connect(old.wiring.settings.database_url) as connection,
    ):
        connection.execute("UPDATE entities SET key = normalize(lower(key))")


def test_the_database_refuses_a_key_in_another_form(api: Api) -> None:
    for key in ("A", NFD, "stra\u00dfe"):
        with pytest.raises(Invalid, match="key breaks a rule"):
            entity(api, key)
        entity(api, folded(key))


def test_postgres_and_python_fold_keys_alike(api: Api) -> None:
    """Every character there is, alone and with marks."""
    every = [chr(n) for n in range(1, 0x110000) if not 0xD800 <= n < 0xE000]
    texts = [*every, *(f"{one}\u0301\u0345" for one in every if unicodedata.category(one) != "Cn")]
    given = (
        "SELECT groundwork_fold(t) FROM unnest(%s::text[]) WITH ORDINALITY AS x(t, n) ORDER BY n"
    )
    for start in range(0, len(texts), 100_000):
        part = texts[start : start + 100_000]
        assert [row[0] for row in api.sql(given, part)] == list(map(folded, part))


@pytest.mark.parametrize("spelling", [NFC, NFD, NFC.upper(), NFD.upper()])
def test_searches_and_filters_find_keys_in_any_spelling(api: Api, spelling: str) -> None:
    made = entity(api, folded(NFC), name=f"Das {NFD} am Eck")
    api.relay()
    for wanted in ({"key": spelling}, {"q": spelling}, {"q": spelling, "key": spelling}):
        edges = api.data(LISTED, f=wanted)["entities"]["edges"]
        assert [one["node"]["id"] for one in edges] == [made]
    assert api.data(LISTED, f={"q": "cafe"})["entities"]["edges"] == []
