"""The projection without one of its guards, for negative controls."""

import pytest

from groundwork_data.graph import projection_cypher as cypher


def without_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Writers do not wait for each other before they compare."""
    monkeypatch.setattr(cypher, "LOCK", "RETURN [0, 0] AS rows")


def without_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever comes is newer than what stands, dead or alive."""
    for name, guard, instead in (
        ("UPDATE_ENTITIES", "n._v < row[6] AND", ""),
        ("FIND_ENTITIES", "coalesce(n._v, 0) AS version", "0 AS version"),
        ("FIND_ENTITIES", "n._v AS version", "0 AS version"),
        ("FIND_TOMBSTONES", "[id, t._v]", "[id, 0]"),
    ):
        monkeypatch.setattr(cypher, name, _without(getattr(cypher, name), guard, instead))
    find, update = cypher.find, cypher.update
    monkeypatch.setattr(cypher, "find", lambda name: _without(find(name), "coalesce(r._v, 0)", "0"))
    monkeypatch.setattr(
        cypher, "update", lambda name: _without(update(name), "r._v < row[6] AND", "")
    )


def without_tombstones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write no tombstones of deleted nodes."""
    monkeypatch.setattr(
        cypher, "WRITE_TOMBSTONES", "UNWIND $rows AS row WITH row, $of AS of RETURN row, of"
    )


def _without(statement: str, guard: str, instead: str) -> str:
    assert guard in statement
    return statement.replace(guard, instead)
