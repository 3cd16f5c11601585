"""Wherever GraphQL takes an entity's id or key, that of a merged entity finds its survivor."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import pytest

from groundwork_core.knowledge.merging import merge_entity, split_entity
from groundwork_core.resources.writing import Expected
from groundwork_data.postgres import survivors
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork

from .conftest import Api

ENTITY = "query($a: ID!) { entity(id: $a) { id neighbours { edges { node { id } } } } }"
PATH = "query($a: ID!, $b: ID!) { path(from: $a, to: $b) { length nodes { id } } }"
SUBGRAPH = "query($a: [ID!]!) { subgraph(seeds: $a) { nodes { id } relationships { id } } }"
LISTED = "query($f: EntityFilter) { entities(filter: $f) { edges { node { id } } } }"

Known = Mapping[str, str]
BY_ID: dict[str, Callable[[Api, Known, str], Any]] = {
    "entity": lambda api, _, id_: api.data(ENTITY, a=id_),
    "path from": lambda api, known, id_: api.data(PATH, a=id_, b=known["Dust"]),
    "path to": lambda api, known, id_: api.data(PATH, a=known["Dust"], b=id_),
    "path to itself": lambda api, known, id_: api.data(PATH, a=id_, b=known["Cray"]),
    "one seed": lambda api, _, id_: api.data(SUBGRAPH, a=[id_]),
    "several seeds": lambda api, known, id_: api.data(SUBGRAPH, a=[known["Fan 01"], id_]),
    "seeds that are one": lambda api, known, id_: api.data(SUBGRAPH, a=[known["Cray"], id_]),
}
BY_KEY: dict[str, Callable[[Api, str], Any]] = {
    "key": lambda api, key: api.data(LISTED, f={"key": key}),
    "key and type": lambda api, key: api.data(LISTED, f={"key": key, "type": "PERSON"}),
    "key and name": lambda api, key: api.data(LISTED, f={"key": key, "q": "cra"}),
}


@pytest.fixture
def merged(api: Api, known: Known) -> Known:
    """Ada was merged into Bell, and Bell into Cray; the graph knows."""
    for one, into in (("Ada", "Bell"), ("Bell", "Cray")):
        work = PostgresUnitOfWork(api.database)
        merge_entity(UUID(known[one]), UUID(known[into]), Expected(None), work=work)
    api.relay()
    return known


def test_an_old_id_means_the_survivor(api: Api, merged: Known) -> None:
    for place, ask in BY_ID.items():
        wanted = ask(api, merged, merged["Cray"])
        assert merged["Cray"] in str(wanted), place
        for old in ("Ada", "Bell"):
            assert ask(api, merged, merged[old]) == wanted, place
            assert ask(api, merged, merged[old].upper()) == wanted, place


def test_an_old_key_means_the_survivor(api: Api, merged: Known) -> None:
    for place, ask in BY_KEY.items():
        wanted = ask(api, "key:Cray")
        assert merged["Cray"] in str(wanted), place
        assert ask(api, "key:Ada") == wanted, place
    bell = api.data(LISTED, f={"key": "key:Bell", "type": "ORGANIZATION"})
    assert bell == BY_KEY["key"](api, "key:Cray")


def test_without_the_look_up_of_survivors_no_old_id_finds_its_survivor(
    api: Api, merged: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the mechanism disabled: no place finds the survivor any more."""
    wanted = {place: ask(api, merged, merged["Cray"]) for place, ask in BY_ID.items()}
    monkeypatch.setattr(survivors, "OF", f"{survivors.OF} AND false")
    same = [
        place for place, ask in BY_ID.items() if ask(api, merged, merged["Ada"]) == wanted[place]
    ]
    assert same == ["seeds that are one"]


def test_an_existing_id_takes_no_extra_query(api: Api, merged: Known) -> None:
    def asked(place: str, id_: str) -> int:
        _, before = api.asked
        BY_ID[place](api, merged, id_)
        return api.asked[1] - before

    for place in ("entity", "path from", "several seeds"):
        assert asked(place, merged["Ada"]) > asked(place, merged["Cray"]), place
    assert asked("entity", merged["Cray"]) == 0


def test_after_a_split_the_old_id_means_its_own_entity_again(api: Api, merged: Known) -> None:
    for old in ("Bell", "Ada"):
        split_entity(UUID(merged[old]), work=PostgresUnitOfWork(api.database))
    api.relay()
    for old in ("Ada", "Bell"):
        assert api.data(ENTITY, a=merged[old])["entity"]["id"] == merged[old]
        assert merged[old] in str(BY_KEY["key"](api, f"key:{old}"))
