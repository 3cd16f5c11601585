"""All encrypted secrets of the database, to re-encrypt them with a new data key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from groundwork_core.encryption.ports import EncryptedColumn
from groundwork_core.publishing import publisher_secrets
from groundwork_core.webhooks import secrets as webhook_secrets

if TYPE_CHECKING:
    from groundwork_data.postgres.database import Database

PUSH_SECRETS = EncryptedColumn("push_subscriptions", "encrypted", "source_id")
SOURCE_CREDENTIALS = EncryptedColumn("source_credentials", "encrypted", "source_id")

ENCRYPTED_COLUMNS: tuple[EncryptedColumn, ...] = (
    PUSH_SECRETS,
    SOURCE_CREDENTIALS,
    webhook_secrets.PRESENT,
    webhook_secrets.PREVIOUS,
    publisher_secrets.PRESENT,
    publisher_secrets.PREVIOUS,
)
"""Every column with encrypted secrets. A column that is missing here is not encrypted again."""

OF_OTHER_KEYS = """
SELECT {row_id}, {column} FROM {table}
WHERE split_part({column}, '.', 2) <> %(kid)s AND (%(after)s::uuid IS NULL OR {row_id} > %(after)s)
ORDER BY {row_id} LIMIT %(limit)s
"""
REPLACE = """
UPDATE {table} t SET {column} = given.after
FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS given(id, before, after)
WHERE t.{row_id} = given.id AND t.{column} = given.before
RETURNING t.{row_id}
"""
USED = """
SELECT split_part({column}, '.', 2), count(*) FROM {table} WHERE {column} IS NOT NULL GROUP BY 1
"""


class PostgresEncryptedSecrets:
    """Implements `EncryptedSecrets`."""

    columns = ENCRYPTED_COLUMNS

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_other_keys(
        self, column: EncryptedColumn, kid: str, after: UUID | None, limit: int
    ) -> list[tuple[UUID, str]]:
        """Return secrets that another data key encrypts, in the order of their rows' ids."""
        parameters: dict[str, object] = {"kid": kid, "after": after, "limit": limit}
        return [
            (row[0], row[1]) for row in self._database.rows(_of(OF_OTHER_KEYS, column), parameters)
        ]

    def replace(self, column: EncryptedColumn, changed: Sequence[tuple[UUID, str, str]]) -> int:
        """Replace secrets, given as (row id, before, after), whose row still has `before`.

        Returns how many.
        """
        if not changed:
            return 0
        given = [list(part) for part in zip(*changed, strict=True)]
        return len(self._database.rows(_of(REPLACE, column), given))

    def used_keys(self) -> Mapping[str, int]:
        """Return the number of secrets by the id of the data key that encrypts them."""
        used: dict[str, int] = {}
        for column in self.columns:
            for kid, count in self._database.rows(_of(USED, column)):
                used[kid] = used.get(kid, 0) + count
        return used


def _of(statement: str, column: EncryptedColumn) -> str:
    return statement.format(table=column.table, column=column.column, row_id=column.row_id)
