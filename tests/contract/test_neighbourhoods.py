"""Neighbours of many entities at once: in memory and on Postgres."""

import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product

import pytest

from groundwork_core.knowledge.graph.model import LinkFilter
from groundwork_core.knowledge.graph.ports import Neighbourhoods
from groundwork_core.outbox import OutboxRow
from groundwork_core.relay.destinations.graph import project
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.neighbourhoods import PostgresNeighbourhoods

from ..fakes.graph import FakeGraph
from ..fakes.outbox_rows import edge, entity
from .conftest import EVERYTHING, ids

ENTITY = "INSERT INTO entities (id, name, type) VALUES (%s, %s, 'person')"
EDGE = """INSERT INTO relationships (id, from_id, to_id, type, confidence, valid_from, valid_to)
    VALUES (%(id)s, %(from_id)s, %(to_id)s, %(type)s, %(confidence)s, %(valid_from)s,
            %(valid_to)s)"""


@dataclass(frozen=True)
class Town:
    neighbourhoods: Neighbourhoods
    database: Database | None

    def has(self, *rows: OutboxRow) -> None:
        if isinstance(self.neighbourhoods, FakeGraph):
            project(rows, self.neighbourhoods)
        if self.database is None:
            return
        for row in rows:
            if row.aggregate == "entities":
                self.database.rows(ENTITY, (row.aggregate_id, row.data["name"]))
            else:
                self.database.rows(EDGE, {"valid_from": None, "valid_to": None, **row.data})

    def next_to(
        self, *names: str, wanted: LinkFilter = EVERYTHING, limit: int = 100
    ) -> Sequence[str]:
        return self.neighbourhoods.next_to(ids(*names), wanted, limit)

    def among(
        self,
        *names: str,
        hubs: Collection[str] = (),
        wanted: LinkFilter = EVERYTHING,
        limit: int = 100,
    ) -> list[str]:
        found = self.neighbourhoods.among(ids(*names), ids(*hubs), wanted, limit)
        return [one.id for one in found]


@pytest.fixture(params=["fake", "postgres"])
def town(request: pytest.FixtureRequest) -> Iterator[Town]:
    if request.param == "fake":
        yield Town(FakeGraph(), None)
        return
    database = Database(request.getfixturevalue("database_url"), application_name="test")
    yield Town(PostgresNeighbourhoods(database), database)
    database.close()


@pytest.fixture
def square(town: Town) -> Town:
    """a - b - c - d - a, from the surest to the least, a second from a to c, and one d to d."""
    town.has(
        *map(entity, "abcd"),
        edge("ab", "a", "b", confidence=0.9),
        edge("cb", "c", "b", confidence=0.8, type="LIKES"),
        edge("cd", "c", "d", confidence=0.7, valid_to="2020-01-01T00:00:00+00:00"),
        edge("da", "d", "a", confidence=0.6, valid_from="2020-01-01T00:00:00+00:00"),
        edge("ac", "a", "c", confidence=0.5),
        edge("dd", "d", "d", confidence=0.4),
    )
    return town


def test_neighbours_come_most_confident_first_and_each_once(square: Town) -> None:
    assert square.next_to("a") == ids("b", "d", "c")
    assert square.next_to("a", limit=2) == ids("b", "d")
    assert square.next_to("d") == ids("c", "a", "d")
    assert square.next_to("nobody") == []


def test_the_most_confident_of_several_relationships_with_a_neighbour_counts(square: Town) -> None:
    found = square.next_to("a", "c")
    assert found[:2] == ids("b", "d")
    assert set(found) == set(ids("b", "d", "a", "c"))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (EVERYTHING, ["ab", "cb", "cd", "da", "ac", "dd"]),
        (LinkFilter(types=("LIKES",)), ["cb"]),
        (LinkFilter(types=()), []),
        (LinkFilter(min_confidence=0.7), ["ab", "cb", "cd"]),
        (LinkFilter(as_of=datetime(2020, 1, 1, tzinfo=UTC)), ["ab", "cb", "da", "ac", "dd"]),
        (LinkFilter(as_of=datetime(2019, 1, 1, tzinfo=UTC)), ["ab", "cb", "cd", "ac", "dd"]),
    ],
)
def test_relationships_among_entities_are_filtered_and_ordered(
    square: Town, wanted: LinkFilter, expected: list[str]
) -> None:
    assert square.among(*"abcd", wanted=wanted) == ids(*expected)
    assert square.among(*"abcd", wanted=wanted, limit=2) == ids(*expected[:2])


def test_only_relationships_with_both_ends_given_are_returned(square: Town) -> None:
    assert square.among("a", "b", "c") == ids("ab", "cb", "ac")
    assert square.among("d", "nobody") == ids("dd")
    assert square.among() == []


@pytest.mark.parametrize(
    "hubs", [[n for n, is_hub in zip("abcd", each, strict=True) if is_hub]
             for each in product((False, True), repeat=4)], ids="".join,
)  # fmt: skip
def test_relationships_among_entities_are_the_same_whichever_are_hubs(
    square: Town, hubs: list[str]
) -> None:
    assert square.among(*"abcd", hubs=hubs) == ids("ab", "cb", "cd", "da", "ac", "dd")


def test_many_relationships_with_one_neighbour_do_not_hide_another(town: Town) -> None:
    """More than is read at first: the list of `a` is then read on."""
    town.has(*map(entity, "abc"), edge("ac", "a", "c", confidence=0.1))
    town.has(*(edge(f"ab{i}", "a", "b", type=f"T{i}", confidence=0.9) for i in range(60)))
    assert town.next_to("a", limit=2) == ids("b", "c")
    town.has(*map(entity, "xde"), *(edge(f"x{n}", "x", n, confidence=0.05) for n in "de"))
    assert town.next_to("a", "x", limit=2) == ids("b", "c")  # not d, though the list was full


def test_a_limited_read_returns_the_most_confident_neighbour_and_any_of_equals(town: Town) -> None:
    names = [f"n{i}" for i in range(40)]
    town.has(*map(entity, ["a", *names]))
    town.has(*(edge(f"e{n}", "a", n, confidence=0.5) for n in names[1:]))
    town.has(edge("e", "a", "n0", confidence=0.6))
    found = town.next_to("a", limit=5)
    assert found[0] == ids("n0")[0]
    assert len(set(found)) == 5
    assert set(found) <= set(ids(*names))


@pytest.mark.parametrize("seed", range(3))
def test_postgres_and_the_fake_find_the_same_in_random_graphs(database_url: str, seed: int) -> None:
    random_ = random.Random(seed)  # noqa: S311 - a town that can be built again
    names = [f"n{i}" for i in range(30)]
    rows = [entity(name) for name in names]
    for i, sure in enumerate(random_.sample(range(1000), 150)):
        a, b = (random_.choice(names[: random_.choice((3, 30))]) for _ in range(2))
        type_ = random_.choice(["KNOWS", "LIKES"])
        rows.append(edge(f"e{i}", a, b, type=f"{type_}{i}", confidence=sure / 1000))
    fake, database = FakeGraph(), Database(database_url, application_name="test")
    both = Town(fake, None), Town(PostgresNeighbourhoods(database), database)
    for town in both:
        town.has(*rows)
    for wanted in (EVERYTHING, LinkFilter(min_confidence=0.4)):
        for size, limit in ((1, 3), (4, 10), (12, 50)):
            some = random_.sample(names, size)
            expected, found = (town.next_to(*some, wanted=wanted, limit=limit) for town in both)
            assert found == expected
            hubs = random_.sample(some, size // 2)
            expected, found = (town.among(*some, hubs=hubs, wanted=wanted) for town in both)
            assert found == expected
    database.close()


def test_columns_that_were_not_selected_are_empty(database_url: str) -> None:
    database = Database(database_url, application_name="test")
    neighbourhoods = PostgresNeighbourhoods(database)
    Town(neighbourhoods, database).has(*map(entity, "ab"), edge("ab", "a", "b", confidence=0.5))
    (whole,) = neighbourhoods.among(ids("a", "b"), (), EVERYTHING, 9)
    assert (whole.type, [whole.from_id, whole.to_id]) == ("KNOWS", ids("a", "b"))
    shown = frozenset({"Relationship.to_id"})
    (part,) = neighbourhoods.among(ids("a", "b"), (), EVERYTHING, 9, shown)
    assert part == (whole.id, 0, "", "", whole.to_id, 0.0, None, None)
    database.close()
