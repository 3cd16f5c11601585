"""The encrypted credentials of sources, in memory."""

from collections.abc import Sequence
from uuid import UUID

from groundwork_core.sources.rows import FetchDetails

from .tables import Tables


class MemoryCredentials:
    """Implements `CredentialStore`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._texts: dict[UUID, str] = tables.of("source_credentials")

    def set(self, source_id: UUID, encrypted: str) -> None:
        self._texts[source_id] = encrypted

    def remove(self, source_id: UUID) -> bool:
        return self._texts.pop(source_id, None) is not None

    def forget(self, source_id: UUID) -> bool:
        if not self.remove(source_id):
            return False
        row = self._tables.of("sources")[str(source_id)]
        if row["has_credentials"]:
            self._tables.put(
                "sources", row | {"has_credentials": False, "version": row["version"] + 1}
            )
        return True

    def details(self, source_ids: Sequence[UUID]) -> dict[UUID, FetchDetails]:
        rows = self._tables.of("sources")
        found = {
            one: FetchDetails(row["kind"], row["config"], self._texts.get(one))
            for one in source_ids
            if (row := rows.get(str(one))) is not None
        }
        return {one: it for one, it in found.items() if it.kind != "feed" or it.encrypted}
