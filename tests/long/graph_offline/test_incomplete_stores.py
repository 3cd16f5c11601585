"""A store that lacks something is not switched to, or is noticed."""

import pytest

from groundwork_command.services.home import Home
from groundwork_command.services.neo4j import Neo4j
from groundwork_command.services.service import ServiceError
from groundwork_data.graph import complete_import
from groundwork_data.graph import export as exporting
from groundwork_data.graph.verify import verify
from groundwork_data.postgres.database import Database

from ...instances import run
from .offline import checked, make, served

pytestmark = pytest.mark.long


def lose_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    export = exporting.export

    def losing(*given: object) -> exporting.Exported:
        exported = export(*given)  # type: ignore[arg-type]
        piece = max(exported.files.relationships, key=lambda path: path.stat().st_size)
        piece.write_text("".join(piece.read_text().splitlines(keepends=True)[1:]))
        return exported

    monkeypatch.setattr(exporting, "export", losing)


def test_an_incomplete_store_is_never_put_into_use(
    home: Home, database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = home.folder("neo4j") / "old"
    old.touch()
    lose_a_line(monkeypatch)
    with pytest.raises(ServiceError, match="import is incomplete"):
        make(home, database_url)
    assert old.exists()
    assert [path.name for path in home.path.glob("neo4j*")] == ["neo4j"]


def test_without_the_check_of_counts_an_incomplete_store_is_put_into_use(
    home: Home, database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_a_line(monkeypatch)
    monkeypatch.setattr(complete_import, "_check_counts", lambda *_: None)
    make(home, database_url)
    assert checked(home, database).by_kind()["missing"] == 1


def test_verify_notices_an_incomplete_store_that_is_named_as_complete(
    home: Home, database: Database, database_url: str
) -> None:
    """The name alone says that a store is whole; given to what is not, verify says so."""
    make(home, database_url)  # nothing waits in the outbox from here on
    Neo4j(home, "no archive", folder="neo4j.draft").prepare()
    (home.path / "neo4j.draft").rename(home.path / "neo4j.next")
    with served(home) as graph:
        found = verify(database, graph).by_kind()
    assert found["missing"] > 300  # entities and what is between them


def test_an_offline_rebuild_needs_a_stopped_embedded_neo4j(home: Home) -> None:
    environment = {"GROUNDWORK_HOME": str(home.path)}
    elsewhere = {**environment, "NEO4J_URI": "bolt://127.0.0.1:1"}
    refused = run("graph", "rebuild", "--offline", environment=elsewhere, expect=1)
    assert "Omit --offline" in refused.stderr
    home.acquire()
    try:
        refused = run("graph", "rebuild", "--offline", environment=environment, expect=1)
    finally:
        home.release()
    assert "groundwork down" in refused.stderr
