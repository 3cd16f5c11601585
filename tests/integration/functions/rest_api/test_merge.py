"""Merging two entities with everything that refers to them; and splitting them again."""

from typing import Any
from uuid import uuid4

import pytest

from groundwork_core.knowledge.mention_rows import list_mentions
from groundwork_core.knowledge.model import ExtractionResult
from groundwork_core.knowledge.statements import Origin, merge_edges
from groundwork_runtime.http import access_control as admission
from groundwork_runtime.http import router

from .conftest import MINT, Reply, Rest

ENTITIES = "/api/v1/entities"
ANY = {"If-Match": "*"}


def entity(rest: Rest, name: str, **fields: Any) -> str:
    made = rest.create("entities", **{"name": name, "type": "topic", "key": name, **fields})
    return str(made.json["id"])


def edge(rest: Rest, start: str, finish: str, type_: str = "KNOWS", **fields: Any) -> str:
    made = rest.create("relationships", from_id=start, to_id=finish, type=type_, **fields)
    return str(made.json["id"])


def merge(rest: Rest, one: str, into: str, **headers: str) -> Reply:
    return rest("POST", f"{ENTITIES}/{one}/merge", {"into": into}, headers=headers)


def split(rest: Rest, one: str) -> Reply:
    return rest("POST", f"{ENTITIES}/{one}/split")


def edges(rest: Rest) -> set[tuple[str, str, str]]:
    rows = rest.database.rows("SELECT from_id::text, type, to_id::text FROM relationships")
    return {(row[0], row[1], row[2]) for row in rows}


def mention(rest: Rest, role: str, **subject: str) -> str:
    """State something in a document of its own, or of the one given as `document`."""
    document = subject.pop("document", None)
    if document is None:
        source = rest.create("sources", name=str(uuid4()), url=f"https://example.org/{uuid4()}")
        document = rest.database.rows(
            "INSERT INTO documents (source_id, external_id, content_hash) VALUES (%s, 'x', %s)"
            " RETURNING id::text",
            [source.json["id"], "0" * 64],
        )[0][0]
    ((column, id_),) = subject.items()
    rest.database.rows(
        f"INSERT INTO mentions (document_id, revision, {column}, role)"
        " VALUES (%s, 1, %s, %s) RETURNING id",
        [document, id_, role],
    )
    return str(document)


def mentions(rest: Rest) -> set[tuple[str, str | None, str | None, str]]:
    return {
        (row[0], row[1], row[2], row[3])
        for row in rest.database.rows(
            "SELECT document_id::text, entity_id::text, relationship_id::text, role FROM mentions"
        )
    }


def test_a_merge_moves_everything_to_the_survivor(rest: Rest) -> None:
    one = entity(rest, "Ada L.", aliases=["A.", "Ada"], attributes={"a": 1, "b": 1})
    into = entity(rest, "Ada", aliases=["Countess"], attributes={"b": 2})
    other = entity(rest, "Bell")
    out, back = edge(rest, one, other), edge(rest, other, one, "CITES")
    merged = merge(rest, one, into)
    assert merged.status == 200, merged.text
    assert merged.json["id"] == into
    assert merged.json["aliases"] == ["Countess", "Ada L.", "A."]
    assert merged.json["attributes"] == {"a": 1, "b": 2}
    assert merged.etag == rest("GET", f"{ENTITIES}/{into}").etag == '"2"'
    assert merged.headers["X-Groundwork-Position"][0].isdigit()
    assert edges(rest) == {(into, "KNOWS", other), (other, "CITES", into)}
    assert rest("GET", f"/api/v1/relationships/{out}").json["version"] == 2
    assert rest("GET", f"/api/v1/relationships/{back}").json["to_id"] == into


def test_a_merge_combines_equal_relationships_and_removes_those_between_the_two(rest: Rest) -> None:
    one, into, other = (entity(rest, name) for name in ("A", "B", "X"))
    edge(rest, one, other, confidence=0.9, attributes={"a": 1, "b": 1})
    kept = edge(rest, into, other, confidence=0.4, attributes={"b": 2})
    edge(rest, one, other, valid_from="2026-01-01T00:00:00Z")
    edge(rest, one, into)
    edge(rest, into, one, "CITES")
    edge(rest, one, one, "QUOTES")
    assert merge(rest, one, into).status == 200
    shown = rest("GET", f"/api/v1/relationships/{kept}").json
    assert (shown["confidence"], shown["attributes"]) == (0.9, {"a": 1, "b": 2})
    assert edges(rest) == {(into, "KNOWS", other), (into, "QUOTES", into)}
    assert rest.database.row("SELECT count(*) FROM relationships") == (3,)


def test_the_old_id_redirects_to_the_survivor(rest: Rest) -> None:
    a, b, c = (entity(rest, name) for name in "ABC")
    assert merge(rest, a, b).status == merge(rest, b, c).status == 200
    for old in (a, b):
        for method, body in (("GET", None), ("PATCH", {"name": "N"}), ("DELETE", None)):
            for tag in ("*", '"1"', '"1", "2"'):
                reply = rest(method, f"{ENTITIES}/{old}", body, headers={"If-Match": tag})
                assert (reply.status, reply.location) == (308, f"{ENTITIES}/{c}"), reply.text
                assert reply.json["type"] == "/problems/moved"
    before = rest.database.statements
    assert rest("GET", f"{ENTITIES}/{c}").status == 200
    assert rest.database.statements - before <= 2  # who asks, and what they ask for
    assert rest("DELETE", f"{ENTITIES}/{c}", headers=ANY).status == 204
    assert {rest("GET", f"{ENTITIES}/{old}").status for old in (a, b)} == {404}


def test_an_impossible_merge_or_split_is_refused_with_its_reason(rest: Rest) -> None:
    a, b, c, nobody = entity(rest, "A"), entity(rest, "B"), entity(rest, "C"), str(uuid4())
    assert merge(rest, nobody, a).status == split(rest, nobody).status == 404
    for into in (a, nobody, "x"):
        reply = merge(rest, a, into)
        assert (reply.status, reply.pointers) == (422, {"/into"})
    assert merge(rest, a, b, **{"If-Match": '"7"'}).status == 412
    assert split(rest, a).status == 409
    assert merge(rest, a, b, **{"If-Match": '"1"'}).status == 200
    assert merge(rest, a, c).status == 409
    reply = merge(rest, b, a)  # `a` leads to `b` itself
    assert (reply.status, reply.pointers) == (422, {"/into"})


def test_the_key_of_a_merged_entity_finds_its_survivor(rest: Rest) -> None:
    a, b = entity(rest, "A"), entity(rest, "B", key=None)
    merge(rest, a, b)
    taken = rest("POST", ENTITIES, {"name": "A", "type": "topic", "key": "A"})
    assert (taken.status, taken.pointers) == (409, {"/key"})
    c = entity(rest, "C")
    taken = rest("PATCH", f"{ENTITIES}/{c}", {"key": "A"}, headers=ANY)
    assert (taken.status, taken.pointers) == (409, {"/key"})
    assert rest.create("entities", name="A", type="work", key="A").status == 201
    items = [
        {"name": "A again", "type": "topic", "key": "A", "attributes": {"n": 1}},
        {"name": "New", "type": "topic", "key": "new"},
    ]
    results = rest("POST", f"{ENTITIES}/bulk", {"items": items}).json["results"]
    assert [one["result"] for one in results] == ["updated", "created"]
    assert results[0]["id"] == b
    shown = rest("GET", f"{ENTITIES}/{b}").json
    assert (shown["aliases"], shown["attributes"]) == (["A", "A again"], {"n": 1})
    results = rest("POST", f"{ENTITIES}/bulk", {"items": items}).json["results"]
    assert [one["result"] for one in results] == ["unchanged", "unchanged"]


def test_without_its_redirect_a_merged_key_creates_a_second_entity(rest: Rest) -> None:
    """With the guard disabled, the key leads nowhere, and a second entity is created."""
    a, b = entity(rest, "A"), entity(rest, "B")
    merge(rest, a, b)
    rest.database.rows("UPDATE merged_entities SET key = NULL RETURNING id")
    item = {"name": "A", "type": "topic", "key": "A"}
    (result,) = rest("POST", f"{ENTITIES}/bulk", {"items": [item]}).json["results"]
    assert result["result"] == "created"
    assert result["id"] != b


def test_a_worker_that_states_both_keys_of_a_merged_entity_states_one_entity() -> None:
    result = ExtractionResult.model_validate(
        {
            "job_id": str(uuid4()),
            "contract": "groundwork/extraction-result/1",
            "attempt": 1,
            "worker": "w",
            "entities": [
                {"ref": ref, "type": "topic", "key": ref, "name": ref} for ref in ("a", "b", "x")
            ],
            "relationships": [
                {"ref": "r", "from": "a", "to": "b", "type": "KNOWS"},
                {"ref": "s", "from": "a", "to": "x", "type": "KNOWS"},
                {"from": "b", "to": "x", "type": "KNOWS"},
            ],
            "mentions": [{"ref": ref, "role": ""} for ref in ("r", "s", "a", "b")],
        }
    )
    same, other, known, document = uuid4(), uuid4(), uuid4(), uuid4()
    ids = {("topic", "a"): same, ("topic", "b"): same, ("topic", "x"): other}
    stated = [(result, Origin(result.job_id, document, 1))]
    (row,) = merge_edges(stated, ids)
    assert (row.from_id, row.to_id) == (same, other)
    rows = list_mentions(stated, ids, {(same, other, "KNOWS", None): known})
    assert {(one.entity_id, one.relationship_id) for one in rows} == {
        (None, known),
        (same, None),
        (other, None),  # stated without a mention
    }


def test_a_split_restores_everything_that_the_merge_moved(rest: Rest) -> None:
    one = entity(rest, "A", aliases=["a"], attributes={"a": 1})
    into, other, first = entity(rest, "B"), entity(rest, "X"), entity(rest, "F")
    merge(rest, first, one)
    edge(rest, one, other, "CITES")
    twin, kept = edge(rest, one, other), edge(rest, into, other)
    loop = edge(rest, one, into)
    shared = mention(rest, "link", entity_id=one)
    mention(rest, "link", entity_id=into, document=shared)
    mention(rest, "author", entity_id=one)
    mention(rest, "", relationship_id=twin)
    mention(rest, "", relationship_id=loop)
    rest.create("embeddings", subject_type="entity", subject_id=one, model="m", vector=[1, 0])
    rest.create("embeddings", subject_type="entity", subject_id=into, model="n", vector=[1, 0])
    was, all_edges, all_mentions = rest("GET", f"{ENTITIES}/{one}"), edges(rest), mentions(rest)
    survivor = rest("GET", f"{ENTITIES}/{into}").json
    assert merge(rest, one, into).status == 200
    assert len(mentions(rest)) == 3
    assert (shared, into, None, "link") in mentions(rest)
    assert any(found[2] == kept for found in mentions(rest))
    subject = "SELECT subject_id::text FROM embeddings ORDER BY model"
    assert rest.database.rows(subject) == [(into,), (into,)]
    reply = split(rest, one)
    assert reply.status == 200, reply.text
    volatile = {"version", "updated_at"}
    for key in was.json.keys() - volatile:
        assert reply.json[key] == was.json[key]
    assert reply.json["version"] == was.json["version"] + 2
    assert edges(rest) == all_edges
    assert mentions(rest) == all_mentions
    assert rest.database.rows(subject) == [(one,), (into,)]
    again = rest("GET", f"{ENTITIES}/{into}").json
    assert all(again[key] == survivor[key] for key in survivor.keys() - volatile)
    assert rest("GET", f"{ENTITIES}/{first}").location == f"{ENTITIES}/{one}"
    assert merge(rest, one, into).status == split(rest, one).status == 200
    assert edges(rest) == all_edges


MOVING = (("POST", "/merge"), ("POST", "/split"), ("DELETE", ""))


@pytest.mark.parametrize("lacking", ["entities:write", "relationships:write"])
def test_moving_relationships_needs_the_right_to_write_both(rest: Rest, lacking: str) -> None:
    needs = {"entities:read", "entities:write", "relationships:write"}
    rest.create("roles", name="half", permissions=sorted(needs - {lacking}))
    rest.create("roles", name="whole", permissions=sorted(needs))
    half, whole = (MINT.token(rest.user(role)) for role in ("half", "whole"))
    one, into = entity(rest, "A"), entity(rest, "B")
    edge(rest, one, entity(rest, "X"))
    for token, statuses in ((half, {403}), (whole, {200, 204})):
        for method, act in MOVING:
            body = {"into": into} if act == "/merge" else None
            reply = rest(method, f"{ENTITIES}/{one}{act}", body, token=token, headers=ANY)
            assert reply.status in statuses, reply.text
            assert (lacking in reply.text) == (reply.status == 403)
    assert edges(rest) == set()


def test_if_only_the_first_permission_were_checked_a_merge_would_move_relationships(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled: only the first permission of an operation is looked at."""
    every = router.permissions_of
    monkeypatch.setattr(admission, "permissions_of", lambda needs: every(needs)[:1])
    rest.create("roles", name="half", permissions=["entities:write"])
    one = entity(rest, "A")
    edge(rest, one, entity(rest, "X"))
    token = MINT.token(rest.user("half"))
    assert rest("DELETE", f"{ENTITIES}/{one}", token=token, headers=ANY).status == 204
    assert edges(rest) == set()
