"""`groundwork graph rebuild --offline` makes what Postgres says."""

import pytest

from groundwork_command.instance import new_store
from groundwork_command.services.home import Home
from groundwork_data.graph import export_sql
from groundwork_data.graph.drift import Report
from groundwork_data.graph.relay_pause import RelayPause
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.graph_rounds import PostgresGraphRounds

from .offline import checked, make

pytestmark = pytest.mark.long


def backlog(database: Database) -> None:
    """Leave changes for the relay: a relationship's new type, and a created and deleted entity."""
    database.rows("UPDATE relationships SET confidence = 0.5 WHERE type = 'OWNS'")
    database.rows("UPDATE relationships SET type = 'ABOUT' WHERE type = 'OWNS'")
    database.rows("INSERT INTO entities (name, type, key) VALUES ('Brief', 'topic', 'brief')")
    database.rows("DELETE FROM entities WHERE key = 'brief'")


def test_a_graph_made_offline_equals_postgres(
    home: Home, database: Database, database_url: str
) -> None:
    backlog(database)
    changed = False

    def change_meanwhile(what: str, _done: int, _all: int) -> None:
        nonlocal changed
        if what == "import" and not changed:
            changed = True
            database.rows("UPDATE entities SET name = 'Meanwhile' WHERE key = 'key:8'")
            database.rows("DELETE FROM entities WHERE key = 'key:7'")
            database.rows("INSERT INTO entities (name, type) VALUES ('New', 'topic')")

    make(home, database_url, change_meanwhile)
    found = checked(home, database)
    assert (found.by_kind(), found.ok) == (Report().by_kind(), True)
    assert found.entities == 300


def drift_after_making(home: Home, database: Database, url: str) -> dict[str, int]:
    """Return the metric of drift after a store with drift was replaced by a new one."""
    rounds = PostgresGraphRounds(database)
    rounds.compared({"missing": 7})
    make(home, url)
    return {kind: count for kind, count in rounds.verdict().drift.items() if count}


def test_the_metric_of_drift_is_zero_after_an_offline_rebuild(
    home: Home, database: Database, database_url: str
) -> None:
    assert drift_after_making(home, database, database_url) == {}


def test_unless_a_rebuild_records_it_the_old_drift_is_still_reported(
    home: Home, database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_store, "_record_no_drift", lambda _: None)
    assert drift_after_making(home, database, database_url) == {"missing": 7}


def test_if_the_cursor_moves_beyond_the_snapshot_a_change_is_lost(
    home: Home, database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def advance_to_now(still: RelayPause, _horizon: int) -> None:
        row = database.row("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        advance(still, row[0] if row else 0)

    def change_at_the_end(what: str, done: int, all_: int) -> None:
        if what == "constraints" and done == all_:
            database.rows("UPDATE entities SET name = 'Meanwhile' WHERE key = 'key:8'")

    advance = RelayPause.advance
    monkeypatch.setattr(RelayPause, "advance", advance_to_now)
    make(home, database_url, change_at_the_end)
    assert {kind for kind, count in checked(home, database).by_kind().items() if count} == {"stale"}


def test_without_tombstones_a_relationship_that_changed_its_type_is_stored_twice(
    home: Home, database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed behind the switch, it does not move the place; the relay brings all once more."""
    monkeypatch.setattr(RelayPause, "advance", lambda *_: None)
    none = export_sql.TOMBSTONES.replace("outbox o,", "(SELECT * FROM outbox WHERE false) o,")
    monkeypatch.setattr(export_sql, "TOMBSTONES", none)
    backlog(database)
    make(home, database_url)
    assert checked(home, database).by_kind()["duplicate"]


def test_with_tombstones_all_rows_may_be_delivered_again(
    home: Home, database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RelayPause, "advance", lambda *_: None)
    backlog(database)
    make(home, database_url)
    assert checked(home, database).ok
