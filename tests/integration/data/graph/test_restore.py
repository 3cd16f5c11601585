"""Postgres is restored from an older dump while the graph is ahead: reported and repaired."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from groundwork_command.commands.restore import load
from groundwork_command.services.postgres_tools import dump
from groundwork_command.services.service import ServiceError
from groundwork_data.graph.driver import GraphDatabase
from groundwork_data.graph.repair import repair
from groundwork_data.graph.verify import verify
from groundwork_data.postgres import epochs
from groundwork_data.postgres.database import Database

from ...functions.graph_api.conftest import Api


@pytest.fixture
def graph(api: Api) -> GraphDatabase:
    return api.wiring.graph


@pytest.fixture
def rewind(
    api: Api, known: Mapping[str, str], database_url: str, tmp_path: Path
) -> Callable[[], int]:
    """Dump; live on, with the graph; and restore the dump when called."""
    file = tmp_path / "yesterday.dump"
    dump(database_url, file)
    for name in ("Ada B", "Ada C", "Ada D"):
        api.sql("UPDATE entities SET name = %s WHERE id = %s RETURNING id", name, known["Ada"])
    api.sql("DELETE FROM entities WHERE id = %s RETURNING id", known["Bell"])
    api.sql("INSERT INTO entities (name, type) VALUES ('Lost', 'topic') RETURNING id")
    api.relay()
    return lambda: load(database_url, file, "anything")


def name_in_graph(graph: GraphDatabase, id_: str) -> str:
    found = graph.run("MATCH (n:Entity {id: $id}) RETURN n.name AS name", {"id": id_})
    return str(found[0]["name"])


def rename(api: Api, known: Mapping[str, str]) -> int:
    return int(
        api.sql(
            "UPDATE entities SET name = 'Ada anew' WHERE id = %s RETURNING version", known["Ada"]
        )[0][0]
    )


def test_verify_says_that_the_database_was_restored_and_repair_corrects_it(
    api: Api, graph: GraphDatabase, known: Mapping[str, str], rewind: Callable[[], int]
) -> None:
    rewind()
    api.relay()  # what was on the way when the dump was made comes once more
    report = verify(api.database, graph)
    kinds = {kind for kind, count in report.by_kind().items() if count}
    assert report.restored
    assert kinds == {"ahead", "missing", "extra"}
    repair(api.database, graph)
    assert verify(api.database, graph).ok


def test_changes_after_a_restore_reach_a_newer_graph(
    api: Api, graph: GraphDatabase, known: Mapping[str, str], rewind: Callable[[], int]
) -> None:
    floor = rewind()
    assert rename(api, known) == floor
    api.relay()
    assert name_in_graph(graph, known["Ada"]) == "Ada anew"


def test_without_a_new_epoch_the_graph_ignores_changes_after_a_restore_as_old(
    api: Api,
    graph: GraphDatabase,
    known: Mapping[str, str],
    rewind: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(epochs, "begin_epoch", lambda *_: 0)
    rewind()
    assert rename(api, known) == 2
    api.relay()
    assert name_in_graph(graph, known["Ada"]) == "Ada D"


def test_a_deletion_after_a_restore_reaches_the_graph(
    api: Api, graph: GraphDatabase, known: Mapping[str, str], rewind: Callable[[], int]
) -> None:
    rewind()
    api.sql("DELETE FROM entities WHERE id = %s RETURNING id", known["Ada"])
    api.relay()
    assert graph.run("MATCH (n:Entity {id: $id}) RETURN n", {"id": known["Ada"]}) == []


FROM_A_BUSIER_SERVER = """
WITH moved AS (UPDATE outbox SET xid = '999999999999' RETURNING 1)
UPDATE outbox_cursors SET xid = '999999999999' RETURNING (SELECT count(*) FROM moved)
"""


def test_rows_are_delivered_although_the_dump_is_from_a_server_with_higher_numbers(
    api: Api, graph: GraphDatabase, known: Mapping[str, str]
) -> None:
    api.sql(FROM_A_BUSIER_SERVER)
    api.sql("SELECT groundwork_begin_epoch('a test')")
    rename(api, known)
    api.relay()
    assert name_in_graph(graph, known["Ada"]) == "Ada anew"


def test_without_a_new_epoch_rows_of_a_dump_with_higher_numbers_are_skipped(
    api: Api, graph: GraphDatabase, known: Mapping[str, str]
) -> None:
    api.sql(FROM_A_BUSIER_SERVER)
    rename(api, known)
    api.relay()
    assert name_in_graph(graph, known["Ada"]) == "Ada"


def test_changes_undelivered_before_the_dump_are_delivered_after_it(
    api: Api, graph: GraphDatabase, known: Mapping[str, str]
) -> None:
    rename(api, known)
    api.sql("SELECT groundwork_begin_epoch('a test')")
    assert {row[0] for row in api.sql("SELECT DISTINCT xid::text FROM outbox")} <= {"1", "2"}
    api.relay()
    assert name_in_graph(graph, known["Ada"]) == "Ada anew"
    assert verify(api.database, graph).ok


def test_only_data_found_on_another_server_begins_an_epoch(api: Api) -> None:
    assert epochs.notice_restore(api.database) is None  # the first look writes the server down
    assert epochs.notice_restore(api.database) is None
    api.sql("UPDATE epochs SET server = 'another' RETURNING 1")
    floor = epochs.notice_restore(api.database)
    assert floor
    assert epochs.notice_restore(api.database) is None
    assert api.sql("SELECT groundwork_version_floor()") == [(floor,)]


def test_a_new_epoch_moves_the_live_cursor_only_forward(api: Api, known: Mapping[str, str]) -> None:
    api.sql("UPDATE outbox SET seq = id RETURNING 1")
    api.sql("UPDATE outbox_cursors SET seq = 500 WHERE destination = 'live' RETURNING 1")
    floor = epochs.begin_epoch(api.database, "a test")
    assert api.sql("SELECT seq FROM outbox_cursors WHERE destination = 'live'") == [(floor,)]
    assert api.sql("SELECT count(*) FROM outbox WHERE seq IS NOT NULL") == [(0,)]


def test_a_database_with_tables_is_overwritten_only_with_the_option(
    api: Api, known: Mapping[str, str], database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "now.dump"
    dump(database_url, file)
    with pytest.raises(ServiceError, match="--force"):
        load(database_url, file)
    (tmp_path / "no.dump").write_text("no backup")
    with pytest.raises(ServiceError, match="pg_restore"):
        load(database_url, tmp_path / "no.dump", "anything")
    assert api.sql("SELECT count(*) FROM entities") == [(44,)]


def test_a_backup_can_be_restored_into_an_empty_database(
    api: Api, known: Mapping[str, str], database_url: str, tmp_path: Path
) -> None:
    dump(database_url, tmp_path / "now.dump")
    api.sql("CREATE DATABASE gw_restored TEMPLATE template0")
    url = database_url.rsplit("/", 1)[0] + "/gw_restored"
    try:
        load(url, tmp_path / "now.dump")
        database = Database(url, application_name="test")
        assert database.row("SELECT count(*) FROM entities") == (44,)
        database.close()
    finally:
        api.sql("DROP DATABASE gw_restored WITH (FORCE)")
