"""The field `similar` of GraphQL."""

from collections.abc import Mapping
from uuid import uuid4

import pytest

from .conftest import Api

MODEL = f"m-{uuid4()}"
SIMILAR = """query (
    $model: String!, $vector: [Float!], $subject: ID, $filter: SimilarFilter, $first: Int) {
    similar(model: $model, vector: $vector, subject: $subject, filter: $filter, first: $first) {
        score subjectType subjectId
        entity { name attributes neighbours(first: 1) { edges { node { name } } } }
        document { id title url publishedAt } } }"""
MAY = frozenset({"embeddings:read", "documents:read"})


@pytest.fixture
def asking(api: Api, known: Mapping[str, str]) -> Api:
    """A caller who may read embeddings; some subjects have vectors."""
    ((document,),) = api.sql(
        "WITH s AS (INSERT INTO sources (name, url, kind, schedule)"
        " VALUES ('S', %s, 'feed', %s) RETURNING id)"
        " INSERT INTO documents (source_id, external_id, title, url, content_hash, published_at)"
        " SELECT id, '1', 'On tides', 'https://d.example/1', repeat('0', 64),"
        " '2026-01-01T00:00:00Z' FROM s RETURNING id::text",
        f"https://{uuid4()}.example/",
        '{"kind": "interval", "every_seconds": 900}',
    )
    api.sql("DELETE FROM embeddings WHERE model = %s RETURNING 1", MODEL)
    api.sql("SELECT groundwork_learn_embedding_model(%s, 2)", MODEL)
    for kind, subject, vector in (
        ("entity", known["Ada"], "[1,0]"),
        ("entity", known["Bell"], "[1,0.5]"),
        ("document", document, "[1,0.2]"),
    ):
        api.sql(
            "INSERT INTO embeddings (subject_type, subject_id, model, vector)"
            " VALUES (%s, %s, %s, %s) RETURNING 1",
            kind, subject, MODEL, vector,
        )  # fmt: skip
    api.permissions = api.permissions | MAY
    return api


def test_similar_subjects_come_with_their_entity_or_document(
    asking: Api, known: Mapping[str, str]
) -> None:
    first, second, third = asking.data(SIMILAR, model=MODEL, vector=[2, 0])["similar"]
    assert (first["subjectType"], first["subjectId"], first["score"]) == ("ENTITY", known["Ada"], 1)
    assert (first["entity"]["name"], first["entity"]["attributes"]) == ("Ada", {"of": "Ada"})
    assert first["entity"]["neighbours"]["edges"][0]["node"]["name"] == "Bell"
    assert first["document"] is None
    assert second["entity"] is None
    assert second["document"] == {
        "id": second["subjectId"],
        "title": "On tides",
        "url": "https://d.example/1",
        "publishedAt": "2026-01-01T00:00:00Z",
    }
    assert third["entity"]["name"] == "Bell"


def test_similar_subjects_exclude_the_subject_itself_and_match_the_filter(
    asking: Api, known: Mapping[str, str]
) -> None:
    found = asking.data(
        SIMILAR, model=MODEL, subject=known["Ada"], filter={"entityType": "ORGANIZATION"}
    )
    assert [one["entity"]["name"] for one in found["similar"]] == ["Bell"]
    found = asking.data(
        SIMILAR, model=MODEL, vector=[1, 0], filter={"subjectType": "DOCUMENT"}, first=1
    )
    assert [one["subjectType"] for one in found["similar"]] == ["DOCUMENT"]
    found = asking.data(SIMILAR, model=MODEL, vector=[1, 0], filter={"subjects": [known["Bell"]]})
    assert [one["subjectId"] for one in found["similar"]] == [known["Bell"]]


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"vector": [1, 0], "subject": str(uuid4())},
        {"vector": []},
        {"vector": [0, 0]},
        {"vector": [1]},
        {"vector": [1e39, 0]},
        {"subject": "x"},
        {"subject": str(uuid4())},
        {"vector": [1, 0], "first": 0},
        {"vector": [1, 0], "first": 201},
        {"vector": [1, 0], "filter": {"source": "x"}},
        {"vector": [1, 0], "filter": {"subjects": []}},
    ],
)
def test_a_search_with_bad_arguments_is_an_error(asking: Api, arguments: dict[str, object]) -> None:
    assert asking.code(SIMILAR, model=MODEL, **arguments) == "BAD_USER_INPUT"


def test_the_message_of_an_invalid_argument_names_it(asking: Api) -> None:
    answer = asking.ask(SIMILAR, model=MODEL, vector=[1, 0, 0])
    messages = [one["message"] for one in answer["errors"]]
    assert messages == ["vector: must have 2 dimensions"]


def test_the_field_similar_needs_the_permissions_of_its_subjects(asking: Api) -> None:
    scores = f'{{ similar(model: "{MODEL}", vector: [1, 0]) {{ score }} }}'
    titles = f'{{ similar(model: "{MODEL}", vector: [1, 0]) {{ document {{ title }} }} }}'
    for missing, query in (("embeddings:read", scores), ("documents:read", titles)):
        assert asking.data(query)["similar"]
        asking.permissions = asking.permissions - {missing}
        assert asking.code(query) == "FORBIDDEN"
        asking.permissions = asking.permissions | {missing}
