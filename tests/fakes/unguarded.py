"""A projection without one of its guards, for the tests that show what each is for."""

import pytest

from groundwork_data.graph import projection_cypher as cypher


def without_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Writers do not wait for each other before they compare."""
    monkeypatch.setattr(cypher, "LOCK", "RETURN 0 AS xid, 0 AS row")


def without_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever comes is newer than what stands, dead or alive."""
    monkeypatch.setattr(cypher, "STANDING_ENTITIES", _at_zero(cypher.STANDING_ENTITIES, "n"))
    monkeypatch.setattr(cypher, "STANDING_TOMBSTONES", _at_zero(cypher.STANDING_TOMBSTONES, "t"))
    standing = cypher.standing
    monkeypatch.setattr(cypher, "standing", lambda name: _at_zero(standing(name), "r"))


def without_tombstones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody remembers what was deleted."""
    monkeypatch.setattr(cypher, "BURY", "UNWIND $rows AS row WITH row, $of AS of RETURN row, of")


def _at_zero(statement: str, name: str) -> str:
    found = f"{name}._v AS version"
    assert found in statement
    return statement.replace(found, "0 AS version")
