"""Files for Neo4j's bulk import: a snapshot of Postgres, with tombstones of deleted nodes."""

import csv
from collections.abc import Mapping
from pathlib import Path

import pytest

from groundwork_core.errors import Unavailable
from groundwork_data.graph import export as module
from groundwork_data.graph.export import Exported, export
from groundwork_data.graph.export_sql import ARRAY_DELIMITER
from groundwork_data.graph.relay_pause import pause_relay
from groundwork_data.graph.verify import no_progress
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork

from ...functions.graph_api.conftest import Api


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))[1:]


def tombstones(exported: Exported) -> dict[str, tuple[int, str]]:
    return {row[0]: (int(row[1]), row[2]) for row in rows(exported.files.nodes[1])}


def test_an_export_holds_all_entities_and_relationships(
    api: Api, known: Mapping[str, str], database_url: str, tmp_path: Path
) -> None:
    progress: list[tuple[str, int, int]] = []
    exported = export(database_url, tmp_path, lambda *so_far: progress.append(so_far))
    assert (exported.entities, exported.relationships, exported.tombstones) == (44, 44, 0)
    assert exported.types == ("COVERS", "KNOWS", "WRITES_FOR")
    assert progress[-1] == ("export", 88, 88)
    entities = {row[1]: row for row in rows(exported.files.nodes[0])}
    assert entities["Ada"][0] == known["Ada"]
    assert entities["Bell"][-1] == f"Entity{ARRAY_DELIMITER}Organization"
    header, *pieces = exported.files.relationships
    assert header.read_text().startswith("id,:START_ID")
    assert sum(len(piece.read_text().splitlines()) for piece in pieces) == 44


def test_all_files_of_an_export_show_one_snapshot(
    api: Api,
    known: Mapping[str, str],
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expect = module._Writer.expect

    def change_first(writer: module._Writer, *counts: int) -> None:
        api.sql("DELETE FROM entities WHERE name LIKE 'Fan %' RETURNING id")
        api.sql("INSERT INTO entities (name, type) VALUES ('Late', 'topic') RETURNING id")
        expect(writer, *counts)

    monkeypatch.setattr(module._Writer, "expect", change_first)
    exported = export(database_url, tmp_path, no_progress)
    assert (exported.entities, exported.relationships) == (44, 44)


def test_without_a_shared_snapshot_the_files_show_different_moments(
    api: Api,
    known: Mapping[str, str],
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_share_a_snapshot", lambda *_: None)
    test_all = pytest.raises(AssertionError)
    with test_all:
        test_all_files_of_an_export_show_one_snapshot(
            api, known, database_url, tmp_path, monkeypatch
        )


def test_an_undelivered_deletion_leaves_a_tombstone(
    api: Api, known: Mapping[str, str], database_url: str, tmp_path: Path
) -> None:
    api.sql("UPDATE entities SET name = 'Bell B' WHERE id = %s RETURNING id", known["Bell"])
    api.sql("DELETE FROM entities WHERE id = %s RETURNING id", known["Bell"])
    left = tombstones(export(database_url, tmp_path, no_progress))
    assert left[known["Bell"]] == (3, "entity")
    assert sorted(of for _, of in left.values()) == ["entity", "relationship", "relationship"]


def test_a_type_that_a_relationship_had_leaves_a_tombstone(
    api: Api, known: Mapping[str, str], database_url: str, tmp_path: Path
) -> None:
    ((id_,),) = api.sql("UPDATE relationships SET type = 'ABOUT' WHERE type = 'COVERS'"
                        " RETURNING id::text")  # fmt: skip
    assert tombstones(export(database_url, tmp_path, no_progress)) == {id_: (1, "relationship")}


def test_a_delivered_deletion_leaves_no_tombstone_in_the_export(
    api: Api, known: Mapping[str, str], database_url: str, tmp_path: Path
) -> None:
    api.sql("DELETE FROM entities WHERE id = %s RETURNING id", known["Bell"])
    api.relay()
    assert tombstones(export(database_url, tmp_path, no_progress)) == {}


def test_the_export_names_rows_with_texts_that_csv_cannot_represent(
    api: Api, known: Mapping[str, str], database_url: str, tmp_path: Path
) -> None:
    api.sql("UPDATE entities SET name = E'a\\nb' WHERE name = 'Ada' RETURNING id")
    api.sql("UPDATE entities SET aliases = ARRAY['', 'x'] WHERE name = 'Bell' RETURNING id")
    api.sql("UPDATE entities SET name = 'a;\"b,' WHERE name = 'Cray' RETURNING id")
    exported = export(database_url, tmp_path, no_progress)
    assert set(exported.rough) == {known["Ada"], known["Bell"]}
    names = {row[0]: row[1] for row in rows(exported.files.nodes[0])}
    assert (names[known["Ada"]], names[known["Cray"]]) == ("a b", 'a;"b,')


def test_an_empty_database_is_exported(api: Api, database_url: str, tmp_path: Path) -> None:
    exported = export(database_url, tmp_path, no_progress)
    assert (exported.entities, exported.relationships, exported.types) == (0, 0, ())


def test_no_relay_delivers_to_the_graph_during_a_pause(
    api: Api, known: Mapping[str, str], database_url: str
) -> None:
    api.sql("UPDATE entities SET name = 'Ada B' WHERE name = 'Ada' RETURNING id")
    with pause_relay(database_url) as pause:
        with PostgresUnitOfWork(api.database) as work:
            assert work.outbox.take("graph", 1, ["entities"]) is None
        pause.confirm()
    with PostgresUnitOfWork(api.database) as work:
        assert work.outbox.take("graph", 1, ["entities"]) is not None


def test_a_lost_relay_pause_is_noticed(
    api: Api, known: Mapping[str, str], database_url: str
) -> None:
    with pytest.raises(Unavailable), pause_relay(database_url) as pause:  # noqa: PT012 - in order
        api.sql(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE application_name = 'groundwork graph rebuild' AND datname = current_database()"
        )
        pause.confirm()


def test_a_relay_pause_moves_the_cursor_only_forward(
    api: Api, known: Mapping[str, str], database_url: str
) -> None:
    ask = "SELECT xid::text::bigint FROM outbox_cursors WHERE destination = 'graph'"
    ((before,),) = api.sql(ask)
    with pause_relay(database_url) as pause:
        pause.advance(before - 5)
        assert api.sql(ask) == [(before,)]
        pause.advance(before + 5)
    assert api.sql(ask) == [(before + 4,)]
