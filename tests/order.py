"""The order of tests, and which of them run in the same process."""

from typing import Any

INSTANCE = "tests/e2e/"
"""All files of this folder share an instance, which takes a quarter of a minute to start."""
GRAPH = (
    "tests/integration/data/graph/",
    "tests/integration/functions/graph_api/",
    "tests/integration/functions/graph_check/",
    "tests/integration/fixtures/",
    "tests/contract/test_graph",
    "tests/e2e/test_address_of_an_instance.py",
    "tests/faults/test_the_graph_is_away.py",
    "tests/security/test_graphql_injection.py",
    "tests/security/test_injection_everywhere.py",
)
"""Tests that use the graph. One that is missing here starts another Neo4j if it runs in another
process, which takes half a minute of CPU until its code is compiled."""
FIRST = ("tests/unit/", INSTANCE, *GRAPH, "tests/security/", "tests/faults/")
"""Unit tests need no services, which start meanwhile; then what takes a process longest, so that
none works alone at the end. Others follow."""


def place(nodeid: str) -> int:
    """Return the place of a test: the index in `FIRST`, or its length for all others."""
    return next((at for at, start in enumerate(FIRST) if nodeid.startswith(start)), len(FIRST))


def scope(nodeid: str) -> str | None:
    """Return the name of the tests that must share a process with this one; None: its file."""
    if nodeid.startswith(GRAPH):
        return "graph"
    return "instance" if nodeid.startswith(INSTANCE) else None


def by_service(config: Any, log: object) -> object:
    """Return xdist's scheduler by file, which keeps tests of one `scope` in one process."""
    # Only the controlling process needs it.
    from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped] # noqa: PLC0415

    class ByService(LoadFileScheduling):  # type: ignore[misc] # xdist has no types
        def _split_scope(self, nodeid: str) -> str:
            return scope(nodeid) or str(super()._split_scope(nodeid))

    return ByService(config, log)
