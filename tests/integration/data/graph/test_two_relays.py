"""Two relays project the same and neighbouring versions at once: no version ever goes back."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from groundwork_core.errors import Unavailable
from groundwork_core.outbox import OutboxRow
from groundwork_core.relay.carry import Carried, carry
from groundwork_core.relay.destinations.graph import GraphDestination, project
from groundwork_core.relay.ports import OutboxBatch, RelayWork
from groundwork_data.graph import projection_cypher
from groundwork_data.graph.driver import GraphDatabase
from groundwork_data.graph.projection import Neo4jProjection
from groundwork_data.graph.statements import Statements
from groundwork_data.graph.verify import verify
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork

from ....fakes.outbox_rows import deleted, edge, entity
from ....fakes.unguarded import without_lock, without_versions
from ....waiting import eventually
from ...functions.graph_api.conftest import Api, shown

WIPE = "MATCH (n:Entity|Awaited|Tombstone) DETACH DELETE n"
WAITING = "SHOW TRANSACTIONS YIELD status WHERE status STARTS WITH 'Blocked' RETURN status"


@dataclass(frozen=True)
class Race:
    """One relay brings `old`, another `new`, when the first has read what stands, by `read`."""

    before: Sequence[OutboxRow]
    old: Sequence[OutboxRow]
    new: Sequence[OutboxRow]
    read: str = projection_cypher.FIND_ENTITIES


KNOWS = projection_cypher.find("KNOWS")
ENDS = [entity("a"), entity("b")]
FIRST = [*ENDS, edge("e", "a", "b"), edge("f", "a", "b", type="TRUSTS"),
         edge("g", "a", "b", type="COVERS")]  # fmt: skip
RACES = {
    "an entity": Race(
        ENDS,
        [entity("a", 2, name="old")],
        [entity("a", 3, name="new")],
        projection_cypher.UPDATE_ENTITIES,
    ),
    "an entity of another type": Race(
        ENDS, [entity("a", 2, type="topic")], [entity("a", 3, type="event")]
    ),
    "an entity that is deleted": Race(
        [], [entity("a")], [entity("a"), deleted("entities", "a", 2)]
    ),
    "a relationship": Race(
        FIRST,
        [edge("e", "a", "b", 2, confidence=0.1)],
        [edge("e", "a", "b", 3, confidence=0.9)],
        projection_cypher.update("KNOWS"),
    ),
    "a relationship of another type": Race(
        FIRST, [edge("e", "a", "b", 2, type="TRUSTS")], [edge("e", "a", "b", 3, type="COVERS")],
        KNOWS,
    ),
    "a relationship that is deleted": Race(
        ENDS,
        [edge("e", "a", "b")],
        [edge("e", "a", "b"), deleted("relationships", "e", 2)],
        KNOWS,
    ),
}  # fmt: skip


def run(race: Race, graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """The older change has read what stands; the newer one comes, if it can; the older goes on."""
    project(race.before, Neo4jProjection(graph))
    read, on = threading.Event(), threading.Event()
    here = threading.local()
    ask = Statements.ask

    def stopping(self: Statements, text: str, parameters: Mapping[str, object]) -> object:
        answer = ask(self, text, parameters)
        if text == race.read and getattr(here, "is_old", False):
            read.set()
            assert on.wait(20)
        return answer

    monkeypatch.setattr(Statements, "ask", stopping)

    def bring_old() -> None:
        here.is_old = True
        project(race.old, Neo4jProjection(graph))

    with ThreadPoolExecutor(2) as pool:
        old = pool.submit(bring_old)
        assert read.wait(20)
        new = pool.submit(project, race.new, Neo4jProjection(graph))
        assert eventually(lambda: new.done() or graph.run(WAITING), 20)
        on.set()
        for one in (old, new):
            one.result(timeout=30)


def in_order(race: Race, graph: GraphDatabase) -> list[str]:
    for rows in (race.before, race.old, race.new):
        project(rows, Neo4jProjection(graph))
    found = shown(graph)
    graph.run(WIPE)
    return found


@pytest.mark.parametrize("name", RACES)
def test_of_changes_by_two_relays_the_newest_remains(
    graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    expected = in_order(RACES[name], graph)
    run(RACES[name], graph, monkeypatch)
    assert shown(graph) == expected


COMPARED_AS_WRITTEN = {"an entity", "a relationship"}
"""One statement compares and writes these: it holds the lock of what it looks at."""


@pytest.mark.parametrize("name", sorted(RACES.keys() - COMPARED_AS_WRITTEN))
def test_without_the_lock_two_relays_may_leave_the_older_change_in_the_graph(
    graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    expected = in_order(RACES[name], graph)
    without_lock(monkeypatch)
    run(RACES[name], graph, monkeypatch)
    assert shown(graph) != expected


SAME = Race([], [entity("a")], [entity("a")])


def test_two_relays_with_the_same_change_apply_it_once(
    graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(SAME, graph, monkeypatch)
    assert len(shown(graph)) == 1


def test_without_the_lock_two_relays_with_the_same_change_violate_a_constraint(
    graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    from neo4j.exceptions import ConstraintError  # noqa: PLC0415 - this test alone

    without_lock(monkeypatch)
    with pytest.raises(ConstraintError):
        run(SAME, graph, monkeypatch)


# A relay that has lost its place in Postgres, and does not know yet


class Held(GraphDestination):
    """A graph whose relay is held up with rows in its hands."""

    def __init__(self, graph: GraphDatabase) -> None:
        super().__init__(Neo4jProjection(graph))
        self.holding, self.go_on = threading.Event(), threading.Event()

    def deliver(self, taken: OutboxBatch, work: RelayWork) -> None:
        self.holding.set()
        assert self.go_on.wait(30)
        super().deliver(taken, work)


LOSE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'held'"


@contextmanager
def held(api: Api, database_url: str) -> Iterator[tuple[Held, Future[Carried]]]:
    """A relay that has taken what waits, and has lost its connection before it delivers it."""
    destination = Held(api.wiring.graph)
    database = Database(database_url, application_name="held")
    with ThreadPoolExecutor(1) as pool:
        work = PostgresUnitOfWork(database)
        carrying = pool.submit(carry, destination, work)
        try:
            assert destination.holding.wait(20)
            assert api.sql(LOSE) == [(True,)]
            yield destination, carrying
        finally:
            destination.go_on.set()
    database.close()


READY = (
    "SELECT 1 FROM outbox WHERE data->>'name' = 'old'"
    " AND xid < pg_snapshot_xmin(pg_current_snapshot())"
)


def rename(api: Api, id_: str, *names: str) -> None:
    for name in names:
        api.sql("UPDATE entities SET name = %s WHERE id = %s RETURNING id", name, id_)


def name_at_the_end(api: Api, database_url: str, id_: str) -> str:
    """One relay holds an old batch, another delivers newer ones, then the first its own."""
    rename(api, id_, "old")
    assert eventually(lambda: api.sql(READY))
    with held(api, database_url) as (destination, carrying):
        rename(api, id_, "newer", "newest")
        api.relay()
        destination.go_on.set()
        assert isinstance(carrying.exception(timeout=30), Unavailable)
    found = api.wiring.graph.run("MATCH (n:Entity {id: $id}) RETURN n.name AS name", {"id": id_})
    return str(found[0]["name"])


def test_an_old_batch_that_arrives_late_changes_nothing(
    api: Api, known: Mapping[str, str], database_url: str
) -> None:
    assert name_at_the_end(api, database_url, known["Ada"]) == "newest"
    assert verify(api.database, api.wiring.graph).ok


def test_without_the_comparison_of_versions_a_late_old_batch_is_applied(
    api: Api, known: Mapping[str, str], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_versions(monkeypatch)
    assert name_at_the_end(api, database_url, known["Ada"]) == "old"
