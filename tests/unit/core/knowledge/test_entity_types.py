"""Entity types are defined in the core once; schemas and labels that repeat them must agree."""

from importlib.resources import files

import pytest
from graphql import EnumTypeDefinitionNode, parse

from groundwork_core.knowledge.entity_types import ENTITY_TYPES
from groundwork_data.graph.types import ENTITY_LABELS, label, relationship_type
from groundwork_runtime.graphql.schema import make_schema


def enum_of(sdl: str) -> list[str]:
    (enum,) = (
        one
        for one in parse(sdl).definitions
        if isinstance(one, EnumTypeDefinitionNode) and one.name.value == "EntityType"
    )
    return [value.name.value for value in enum.values]


def test_the_graphql_schema_has_exactly_the_entity_types() -> None:
    sdl = files("groundwork_runtime.graphql").joinpath("schema.graphql").read_text()
    assert enum_of(sdl) == [name.upper() for name in ENTITY_TYPES]
    assert enum_of(sdl.replace(" WEBSITE ", " ")) != [name.upper() for name in ENTITY_TYPES]
    enum = make_schema().type_map["EntityType"]
    assert [enum.parse_value(name.upper()) for name in ENTITY_TYPES] == list(ENTITY_TYPES)  # type: ignore[attr-defined]


def test_each_entity_type_has_a_label_of_its_own() -> None:
    assert list(ENTITY_LABELS) == list(ENTITY_TYPES)
    assert len(set(ENTITY_LABELS.values())) == len(ENTITY_TYPES)
    assert label("website") == "Website"
    assert label("unknown") == "Other"


def test_a_relationship_type_with_a_line_break_is_refused() -> None:
    assert relationship_type("WORKS_AT") == "WORKS_AT"
    for name in ("WORKS_AT\n", "works_at", "A`]->() DELETE r //"):
        with pytest.raises(ValueError, match="relationship type"):
            relationship_type(name)
