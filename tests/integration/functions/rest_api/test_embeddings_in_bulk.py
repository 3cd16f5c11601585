"""Many embeddings at once, and searches among some of them."""

import random
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from groundwork_core.embeddings.ports import Among
from groundwork_data.postgres import embedding_search_sql, embeddings

from .conftest import Rest

PATH = "/api/v1/embeddings"
SEARCH, BULK = f"{PATH}/search", f"{PATH}/bulk"
HOURLY = {"kind": "interval", "every_seconds": 3_600}


def entity(rest: Rest, kind: str = "topic") -> str:
    return str(rest.create("entities", name="E", type=kind).json["id"])


def item(subject: str, *vector: float, model: str = "m", kind: str = "entity") -> dict[str, Any]:
    return {"subject_type": kind, "subject_id": subject, "model": model, "vector": vector}


def put(rest: Rest, *items: dict[str, Any]) -> list[dict[str, Any]]:
    reply = rest("POST", BULK, {"items": list(items)})
    assert reply.status == 200, reply.text
    results: list[dict[str, Any]] = reply.json["results"]
    return results


def statuses(results: list[dict[str, Any]]) -> list[tuple[int, str]]:
    return [
        (one["status"], one.get("result") or one["error"]["errors"][0]["pointer"])
        for one in results
    ]


def test_bulk_embeddings_are_created_replaced_or_unchanged(rest: Rest) -> None:
    one, two = entity(rest), entity(rest)
    first = put(rest, item(one, 1, 0), item(two, 0, 1))
    assert statuses(first) == [(201, "created"), (201, "created")]
    again = put(rest, item(one, 1, 0), item(two, 1, 1))
    assert statuses(again) == [(200, "unchanged"), (200, "updated")]
    assert [each["id"] for each in again] == [each["id"] for each in first]
    shown = rest("GET", f"{PATH}/{again[1]['id']}").json
    assert (shown["vector"], shown["version"]) == ([1, 1], 2)


def test_of_two_bulk_embeddings_of_one_subject_the_last_one_is_stored(rest: Rest) -> None:
    one = entity(rest)
    results = put(rest, item(one, 1, 0), item(one, 0, 1))
    assert statuses(results) == [(201, "created"), (200, "updated")]
    assert rest("GET", f"{PATH}/{results[0]['id']}").json["vector"] == [0, 1]


def test_bulk_embeddings_that_cannot_be_stored_do_not_affect_others(rest: Rest) -> None:
    known, merged, into = entity(rest), entity(rest), entity(rest)
    rest("POST", f"/api/v1/entities/{merged}/merge", {"into": into})
    results = put(
        rest,
        item(known, 1, 0),
        item(known, 1, 0, 0),
        item(str(uuid4()), 1, 0),
        item(known, 0, 0),
        item(known, 1, kind="document"),
        item(known, 1, model="no model"),
        item(merged, 0, 1),
        item(known, 1, 2, 3, model="other"),
    )
    assert statuses(results) == [
        (201, "created"),
        (422, "/vector"),
        (422, "/subject_id"),
        (422, "/vector"),
        (422, "/subject_id"),
        (422, "/model"),
        (201, "created"),
        (201, "created"),
    ]
    (stored,) = rest("GET", PATH, query={"subject_id": into}).json["items"]
    assert stored["vector"] == [0, 1]


def test_bulk_embeddings_of_a_model_beyond_the_limit_are_refused(rest: Rest) -> None:
    one = entity(rest)
    with psycopg.connect(rest.url) as connection:
        connection.execute(
            "INSERT INTO embedding_models (name, dimensions)"
            " SELECT 'm' || n, 1 FROM generate_series(1, 200) n"
        )
    results = put(rest, item(one, 1, model="m7"), item(one, 1, model="new"))
    assert statuses(results) == [(201, "created"), (422, "/model")]


@pytest.fixture(params=["few", "many", "estimated to be many"])
def compared(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ways of a search with a filter: comparing all that matches, and by the index."""
    if request.param == "many":
        monkeypatch.setattr(embeddings, "FEW", 0)
    if request.param == "estimated to be many":
        monkeypatch.setattr(embeddings, "MANY", 0)


@pytest.mark.usefixtures("compared")
def test_a_similarity_search_is_limited_to_the_rows_that_match_its_filter(rest: Rest) -> None:
    sources = [
        rest.create(
            "sources", name="S", url=f"https://{uuid4()}.example/", kind="feed", schedule=HOURLY
        ).json["id"]
        for _ in range(2)
    ]
    dates = ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", None]
    documents = [
        rest.create(
            "documents",
            source_id=sources[n % 2],
            url=f"https://d.example/{n}",
            title="T",
            published_at=at,
        ).json["id"]
        for n, at in enumerate(dates)
    ]
    topic, person = entity(rest), entity(rest, "person")
    content = rest.create("contents", title="T", format="markdown", body="B").json["id"]
    put(
        rest,
        *(item(one, 1, n, kind="document") for n, one in enumerate(documents)),
        item(topic, 1, 3),
        item(person, 1, 4),
        item(content, 1, 5, kind="content"),
    )

    def found(**wanted: object) -> list[str]:
        body = {"model": "m", "vector": [1, 0], "filter": wanted}
        reply = rest("POST", SEARCH, body)
        assert reply.status == 200, reply.text
        return [one["subject_id"] for one in reply.json["items"]]

    assert found() == [*documents, topic, person, content]
    assert found(subject_type="document") == documents
    assert found(entity_type="person") == [person]
    assert found(source_id=sources[0]) == [documents[0], documents[2]]
    assert found(source_id=sources[0], entity_type="person") == []
    assert found(subject_ids=[content, documents[1]]) == [documents[1], content]
    assert found(after="2026-01-15T00:00:00Z") == [*documents[1:], topic, person, content]
    assert found(before="2026-02-01T00:00:00Z") == [documents[0]]
    assert found(source_id=sources[1], after="2026-03-01T00:00:00Z") == []
    assert found(subject_type="content", after="2026-03-01T00:00:00Z") == [content]


@pytest.mark.parametrize(
    ("wanted", "pointer"),
    [
        ({"subject_type": "person"}, "/filter/subject_type"),
        ({"entity_type": "spaceship"}, "/filter/entity_type"),
        ({"source_id": "x"}, "/filter/source_id"),
        ({"after": "yesterday"}, "/filter/after"),
        ({"subject_ids": []}, "/filter/subject_ids"),
        ({"subject_ids": [str(UUID(int=n)) for n in range(1_001)]}, "/filter/subject_ids"),
        ({"surprise": 1}, "/filter/surprise"),
    ],
)
def test_an_unknown_filter_is_422_with_a_pointer(
    shared_rest: Rest, wanted: dict[str, Any], pointer: str
) -> None:
    reply = shared_rest("POST", SEARCH, {"model": "m", "vector": [1], "filter": wanted})
    assert (reply.status, reply.pointers) == (422, {pointer})


COUNT, SIZE = 2_000, 16


def far_away(rest: Rest) -> tuple[str, list[float]]:
    """Vectors of which one in a hundred is of a person, all of them far from the one returned."""
    seeded = random.Random(20_261_130)  # noqa: S311 - the same each time is the point
    near = [1.0] + [0.0] * (SIZE - 1)
    with psycopg.connect(rest.url, autocommit=True) as connection:
        connection.execute("SELECT groundwork_learn_embedding_model('far', %s)", [SIZE])
        for n in range(COUNT):
            sign, kind = (-1, "person") if n % 100 == 0 else (1, "topic")
            vector = [sign * 1.0] + [seeded.gauss(0, 0.3) for _ in range(SIZE - 1)]
            connection.execute(
                "WITH e AS (INSERT INTO entities (name, type) VALUES ('N', %s) RETURNING id)"
                " INSERT INTO embeddings (subject_type, subject_id, model, vector)"
                " SELECT 'entity', id, 'far', %s::vector FROM e",
                [kind, str(vector)],
            )
    return "far", near


def persons(rest: Rest, model: str, vector: list[float]) -> int:
    body = {"model": model, "vector": vector, "filter": {"entity_type": "person"}}
    return len(rest("POST", SEARCH, body).json["items"])


@pytest.mark.parametrize("many", [True, False])
def test_matches_that_are_estimated_to_be_many_are_not_all_compared(
    rest: Rest, monkeypatch: pytest.MonkeyPatch, *, many: bool
) -> None:
    model, vector = far_away(rest)
    with psycopg.connect(rest.url, autocommit=True) as connection:
        connection.execute("ANALYZE embeddings, entities")
    compared = []

    def exact(among: Among, most: int | None = None) -> str:
        compared.append(most)
        return embedding_search_sql.exact_sql(among, most)

    monkeypatch.setattr(embeddings, "exact_sql", exact)
    monkeypatch.setattr(embeddings, "MANY", 2 if many else 1_000_000)
    assert persons(rest, model, vector) == 10
    assert compared == ([] if many else [embedding_search_sql.FEW])


def test_more_matches_than_estimated_are_found_by_the_index(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, vector = far_away(rest)
    body = {"model": model, "vector": vector, "filter": {"subject_type": "entity"}}
    expected = rest("POST", SEARCH, body).json["items"]
    monkeypatch.setattr(embeddings, "FEW", 5)
    assert rest("POST", SEARCH, body).json["items"] == expected
    # With the guard disabled, only the first ones are compared.
    monkeypatch.setattr(embeddings, "FEW", 5)
    first = embedding_search_sql.exact_sql
    monkeypatch.setattr(
        embeddings,
        "exact_sql",
        lambda among, most=None: first(among, most).replace("(SELECT count(*) FROM matching)", "0"),
    )
    assert rest("POST", SEARCH, body).json["items"] != expected


def test_matches_are_found_at_any_distance(rest: Rest, monkeypatch: pytest.MonkeyPatch) -> None:
    model, vector = far_away(rest)
    assert persons(rest, model, vector) == 10
    # As if there were too many to compare: the index goes on until it has found enough.
    monkeypatch.setattr(embeddings, "FEW", 0)
    in_order = "set_config('enable_sort', 'off', true), set_config('hnsw.ef"
    by_index = embedding_search_sql.KNOWN.replace("set_config('hnsw.ef", in_order, 1)
    monkeypatch.setattr(embeddings, "KNOWN", by_index)
    assert persons(rest, model, vector) == 10
    # As if the index gave up early: all are compared after all.
    monkeypatch.setattr(embedding_search_sql, "SCANNED_MAX", 1)
    assert persons(rest, model, vector) == 10
    # With the guards disabled.
    monkeypatch.setattr(embeddings, "KNOWN", by_index.replace("'relaxed_order'", "'off'"))
    monkeypatch.setattr(embeddings, "exact_sql", lambda *_: "SELECT LIMIT 0")
    assert persons(rest, model, vector) == 0
