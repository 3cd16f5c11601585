"""Create, add and remove data keys, one command at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from groundwork_core.audit.ports import AuditEntry
from groundwork_core.encryption.data_keys import DataKeys, new_data_key
from groundwork_core.errors import NotFound
from groundwork_data.postgres.audit import PostgresAuditLog

if TYPE_CHECKING:
    from collections.abc import Collection

    from pydantic import JsonValue

    from groundwork_core.identity.ports import Secrets
    from groundwork_data.postgres.database import Database

LOCK = "SELECT pg_advisory_lock(hashtext('groundwork.data_keys'))"
UNLOCK = "SELECT pg_advisory_unlock(hashtext('groundwork.data_keys'))"


class DataKeyStore:
    """The data keys in the secret store; a lock of the database lets one command change them."""

    def __init__(self, secrets: Secrets, secret_id: str, database: Database) -> None:
        """`secret_id` names the data keys in `secrets`; no other thread may use `database`."""
        self._secrets = secrets
        self._secret_id = secret_id
        self._database = database

    def ensure(self, now: datetime) -> DataKeys:
        """Return the data keys; create the first one if there is none.

        Raises:
            ValueError: the secret's text is malformed.
            Unavailable: the secret store or the database cannot be reached.
        """
        with self._alone():
            return self._known() or self._add(None, now)

    def add(self, now: datetime) -> DataKeys:
        """Add a key, which encrypts from now on; older keys still decrypt.

        Raises the errors of `ensure`.
        """
        with self._alone():
            return self._add(self._known(), now)

    def remove_unused(self, used: Collection[str], now: datetime) -> tuple[str, ...]:
        """Remove replaced keys that encrypt nothing; return their ids.

        Raises the errors of `ensure`.
        """
        with self._alone():
            known = self._known()
            gone = known.removable(used, now) if known else ()
            if known and gone:
                self._secrets.write(self._secret_id, known.without(gone).text)
                self._record("data-keys.removed", {"kids": list(gone)})
            return gone

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._database.rows(LOCK)
        try:
            yield
        finally:
            self._database.rows(UNLOCK)

    def _known(self) -> DataKeys | None:
        try:
            return DataKeys.parse(self._secrets.read(self._secret_id))
        except NotFound:
            return None

    def _add(self, known: DataKeys | None, now: datetime) -> DataKeys:
        keys = known.with_new(now) if known else DataKeys(keys=(new_data_key(now),))
        self._secrets.write(self._secret_id, keys.text)
        self._record("data-keys.added", {"kid": keys.current.kid})
        return keys

    def _record(self, action: str, detail: dict[str, JsonValue]) -> None:
        with self._database.transaction() as connection:
            PostgresAuditLog(connection).record(AuditEntry(action, "data-keys", detail=detail))
