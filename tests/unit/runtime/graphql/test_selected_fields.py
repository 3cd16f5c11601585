"""The fields of the model that a query selects."""

import pytest
from graphql import parse

from groundwork_core.knowledge.graph.model import ALL_FIELDS
from groundwork_runtime.graphql.documents import selected_fields
from groundwork_runtime.graphql.schema import make_schema

SCHEMA = make_schema()


@pytest.mark.parametrize(
    ("query", "selected"),
    [
        ('{ entity(id: "x") { id n: name __typename } }', {"Entity.id", "Entity.name"}),
        ("{ subgraph(seeds: []) { relationships { type } } }", {"Relationship.type"}),
        (
            "{ subgraph(seeds: []) {"
            " relationships { validFrom validTo from { key } to { key } } } }",
            {f"Relationship.{name}" for name in ("valid_from", "valid_to", "from_id", "to_id")}
            | {"Entity.key"},
        ),
        (
            "query A { ...F } query B { entities { edges { cursor } } } fragment F on Query {"
            ' entity(id: "x") { ... on Entity @skip(if: true) { aliases } attributes } }',
            {"Entity.aliases"},
        ),
    ],
)
def test_selected_fields_are_collected_by_type(query: str, selected: set[str]) -> None:
    assert selected_fields(SCHEMA, parse(query)) == selected


def test_every_field_of_the_model_that_the_schema_has_can_be_shown() -> None:
    entity = "id name type confidence key aliases"
    edge = "id type confidence validFrom validTo from { id } to { id }"
    query = f"{{ subgraph(seeds: []) {{ nodes {{ {entity} }} relationships {{ {edge} }} }} }}"
    never = {"Entity.version", "Relationship.version"}
    assert selected_fields(SCHEMA, parse(query)) == ALL_FIELDS - never
