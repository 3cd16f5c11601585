"""Remember for which kinds no job waited."""

from __future__ import annotations

from collections.abc import Collection

REMEMBERED_MAX = 1000


class EmptyKinds:
    """The kinds of leases that found no job when they were last asked for.

    Workers that wait ask again and again. For kinds that were empty, asking first whether a job
    waits is one cheap statement; trying to lease and then asking is two.
    """

    def __init__(self) -> None:
        """No kinds are remembered at first."""
        self._kinds: set[frozenset[str]] = set()

    def has(self, kinds: Collection[str]) -> bool:
        """Return whether the last lease of exactly these kinds found no job."""
        return frozenset(kinds) in self._kinds

    def remember(self, kinds: Collection[str], *, found: bool) -> None:
        """Note whether a lease of these kinds found a job; forgets all at REMEMBERED_MAX."""
        if found:
            self._kinds.discard(frozenset(kinds))
            return
        if len(self._kinds) >= REMEMBERED_MAX:
            self._kinds.clear()
        self._kinds.add(frozenset(kinds))
