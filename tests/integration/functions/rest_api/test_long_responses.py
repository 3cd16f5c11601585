"""Responses fit into Lambda's limit: pages end early, and the list of faults is cut."""

import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import psycopg
import pytest

from groundwork_data.postgres import resource_sql
from groundwork_functions.rest_api import job_batches
from groundwork_runtime.http import bulk, bulk_items, decoding, problem

from .conftest import Rest

ANSWER_BYTES_MAX = 6 * 1024 * 1024
VECTORS, TEXTS, CONTENTS = 220, 40, 12

FILLINGS: dict[str, str] = {
    # 4,000 numbers of 9 to 13 digits and signs.
    "embeddings": "INSERT INTO embeddings (subject_type, subject_id, model, vector)"
    " SELECT 'entity', e.id, 'large', (SELECT array_agg(-sin(n + i) / 1000)::vector"
    " FROM generate_series(1, 4000) i)"
    f" FROM (SELECT id, row_number() OVER () n FROM entities LIMIT {VECTORS}) e",
    # What doubles in JSON, and again in the JSON string that a body is.
    "documents": "INSERT INTO documents (source_id, external_id, content, content_hash)"
    " SELECT s.id, n::text, repeat('\"\\', 100000), repeat('0', 64)"
    f" FROM sources s, generate_series(1, {TEXTS}) n",
    "contents": "INSERT INTO contents (title, body) SELECT n::text, repeat('é', 1000000)"
    f" FROM generate_series(1, {CONTENTS}) n",
}


def sent(text: str) -> int:
    """The bytes that a body takes in what Lambda sends: it stands there as a JSON string."""
    return len(json.dumps(text, ensure_ascii=False).encode())


@pytest.fixture(scope="module")
def big(shared_rest: Rest) -> Rest:
    with psycopg.connect(shared_rest.url, autocommit=True) as connection:
        connection.execute("INSERT INTO embedding_models (name, dimensions) VALUES ('large', 4000)")
        connection.execute(
            "INSERT INTO entities (name, type) SELECT 'E', 'topic'"
            f" FROM generate_series(1, {VECTORS})"
        )
        connection.execute(
            "INSERT INTO sources (name, url, schedule) VALUES ('S', 'https://s.example.org/',"
            """ '{"kind": "interval", "every_seconds": 900}')"""
        )
        for filling in FILLINGS.values():
            connection.execute(filling)
    return shared_rest


def sizes(rest: Rest, name: str, limit: str) -> tuple[list[str], list[int]]:
    """Walk a list: the ids, and how long each response was."""
    ids: list[str] = []
    lengths: list[int] = []
    place: dict[str, str] = {}
    while True:
        reply = rest("GET", f"/api/v1/{name}", query={"limit": limit, **place})
        assert reply.status == 200, reply.text
        lengths.append(sent(reply.text))
        ids += [item["id"] for item in reply.json["items"]]
        if reply.json["next_cursor"] is None:
            return ids, lengths
        place = {"cursor": reply.json["next_cursor"]}


@pytest.mark.parametrize("limit", ["200", "50"])
@pytest.mark.parametrize("name", FILLINGS)
def test_pages_of_large_items_stay_within_the_response_limit(
    big: Rest, name: str, limit: str
) -> None:
    (expected,) = big.database.rows(f"SELECT array_agg(id::text ORDER BY id DESC) FROM {name}")
    ids, lengths = sizes(big, name, limit)
    assert ids == expected[0]
    assert len(lengths) > 1
    assert max(lengths) < ANSWER_BYTES_MAX


@pytest.fixture
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """With the guard disabled: everything fits."""
    monkeypatch.setattr(resource_sql, "_FITS", {"each": "{limit}::int > 0", "together": "true"})
    resource_sql.page.cache_clear()
    yield
    resource_sql.page.cache_clear()


@pytest.mark.parametrize("name", FILLINGS)
@pytest.mark.usefixtures("unmeasured")
def test_pages_that_are_not_measured_exceed_the_response_limit(big: Rest, name: str) -> None:
    _, lengths = sizes(big, name, "200")
    assert max(lengths) > ANSWER_BYTES_MAX


def test_pages_of_small_items_cost_one_statement(big: Rest) -> None:
    before = big.database.statements
    assert len(big("GET", "/api/v1/entities", query={"limit": "200"}).json["items"]) == 200
    assert big.database.statements == before + 1


def unknown(number: int) -> dict[str, int]:
    """Members that no model knows, with names that take four times their length in a response."""
    return {f"{n:05}" + '"' * 195: 1 for n in range(number)}


FAULTY: dict[str, Callable[[], tuple[str, Any]]] = {
    "one": lambda: ("contents", unknown(15_000)),
    "bulk": lambda: ("entities/bulk", {"items": [unknown(20)] * 1_000}),
    "jobs": lambda: ("jobs/results", {"items": [unknown(200)] * 100}),
}


def faulty(rest: Rest, name: str) -> tuple[int, int]:
    path, body = _body(name)
    reply = rest("POST", f"/api/v1/{path}", body)
    return reply.status, sent(reply.text)


@cache
def _body(name: str) -> tuple[str, str]:
    path, body = FAULTY[name]()
    return path, json.dumps(body)


@pytest.mark.parametrize(("name", "status"), [("one", 422), ("bulk", 200), ("jobs", 200)])
def test_a_report_of_many_faults_fits_the_response_limit(
    shared_rest: Rest, name: str, status: int
) -> None:
    assert faulty(shared_rest, name) < (status, ANSWER_BYTES_MAX)
    assert faulty(shared_rest, name)[0] == status


@pytest.mark.parametrize("name", FAULTY)
def test_a_report_of_all_faults_exceeds_the_response_limit(
    shared_rest: Rest, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled."""
    everything = 10_000_000
    for module in (bulk, bulk_items, job_batches):
        monkeypatch.setattr(module, "FAULTS_MAX", everything)
    monkeypatch.setattr(decoding, "FAULTS_MAX", everything)
    monkeypatch.setattr(problem.fault_members, "__defaults__", (everything,))
    assert faulty(shared_rest, name)[1] > ANSWER_BYTES_MAX


def test_the_largest_search_result_fits_the_response_limit(big: Rest) -> None:
    asked = {"model": "large", "vector": [1.0] * 4_000, "k": 200}
    reply = big("POST", "/api/v1/embeddings/search", asked)
    assert len(reply.json["items"]) == 200
    assert sent(reply.text) < ANSWER_BYTES_MAX
