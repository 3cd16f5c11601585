"""Watches the versions in a graph, and keeps each that was lower than before."""

import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neo4j import Driver

ALIVE = """
MATCH (n:Entity) RETURN collect([n.id, n._v]) AS seen
UNION ALL
MATCH ()-[r]->() RETURN collect([r.id, r._v]) AS seen
"""
DEAD = "MATCH (t:Tombstone) RETURN collect([t.id, t._v]) AS seen"
EVERY_SECONDS = 0.05


class VersionsSeen:
    """Used as `with VersionsSeen(driver) as seen:`; a graph that is away is looked at later."""

    def __init__(self, driver: "Driver") -> None:
        self._driver = driver
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="versions-seen", daemon=True)
        self._alive: dict[str, int] = {}
        self._dead: dict[str, int] = {}
        self.looks = 0
        self.went_back: list[str] = []

    def __enter__(self) -> "VersionsSeen":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        from neo4j import exceptions  # noqa: PLC0415 - loads the driver

        while not self._over.wait(EVERY_SECONDS):
            try:
                self._look()
            except (
                exceptions.DriverError,
                exceptions.TransientError,
                exceptions.DatabaseUnavailable,
            ):
                continue

    def _look(self) -> None:
        # Live rows after tombstones: a row that comes back has a higher version than its tombstone.
        dead, alive = self._versions(DEAD), self._versions(ALIVE)
        for id_, version in alive.items():
            if version < self._alive.get(id_, 0):
                self.went_back.append(f"{id_} from {self._alive[id_]} to {version}")
            if version <= self._dead.get(id_, 0):
                self.went_back.append(f"{id_} at {version} from the dead ({self._dead[id_]})")
        _raise(self._alive, alive.items())
        _raise(self._dead, dead.items())
        self.looks += 1

    def _versions(self, query: str) -> Mapping[str, int]:
        with self._driver.session() as session:
            seen: Any = session.run(query)
            pairs = [(id_, version) for record in seen for id_, version in record["seen"]]
        # Neo4j reads what is committed at that moment: of what is deleted just then, nothing.
        pairs = [(id_, version) for id_, version in pairs if version is not None]
        found: dict[str, int] = {}
        _raise(found, pairs)  # one that moves while it is looked for may be met twice
        return found


def _raise(known: dict[str, int], seen: Iterable[tuple[str, int]]) -> None:
    for id_, version in seen:
        known[id_] = max(version, known.get(id_, 0))
