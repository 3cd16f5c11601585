"""A database that counts its round trips."""

from collections.abc import Sequence
from typing import Any

from groundwork_data.postgres.database import Database
from groundwork_data.postgres.prepared import TextRow


class CountingDatabase(Database):
    """Counts round trips."""

    statements = 0

    def texts(self, sql: str, parameters: Sequence[object]) -> list[TextRow]:
        self.statements += 1
        return super().texts(sql, parameters)

    def write_texts(self, sql: str, parameters: Sequence[object]) -> list[TextRow]:
        self.statements += 1
        return super().write_texts(sql, parameters)

    def write_planned(self, sql: str, parameters: Sequence[object]) -> list[TextRow]:
        self.statements += 1
        return super().write_planned(sql, parameters)

    def write_by_kept_plan(
        self, settings: bytes, sql: str, parameters: Sequence[object]
    ) -> list[TextRow]:
        self.statements += not self.in_transaction
        return super().write_by_kept_plan(settings, sql, parameters)

    def rows(self, sql: str, parameters: Any = None) -> list[Any]:
        self.statements += 1
        return super().rows(sql, parameters)
