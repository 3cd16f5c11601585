"""The rows of a database in memory, which the stores of one unit of work share."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from groundwork_core.errors import Conflict, Fault, Invalid
from groundwork_core.identity.permissions import BUILTIN_ROLES
from groundwork_core.ids import new_id

Row = dict[str, Any]
Table = dict[Any, Any]

UNIQUE: Mapping[str, tuple[str, ...]] = {
    "entities": ("key",),
    "users": ("email",),
    "roles": ("name",),
    "sources": ("url",),
}
"""Fields that no two rows may share."""
DEFAULTS: Mapping[str, Row] = {
    "users": {"name": "", "status": "active", "password_hash": None},
    "roles": {"builtin": False, "permissions": []},
    "sources": {
        "kind": "feed",
        "enabled": True,
        "tags": [],
        "has_credentials": False,
        "config": {},
    },
}
"""Values of fields that an insert leaves out."""


class Tables:
    """Rows by table and id.

    A row is replaced and never changed in place, so a copy of the tables is a snapshot. Rows of
    resources are JSON objects; other tables hold what their store likes. `now` is the clock of the
    database.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.now = now
        self._tables: dict[str, Table] = {}
        for name, permissions in BUILTIN_ROLES.items():
            row: Row = {"id": str(new_id()), "version": 1, "name": name, "builtin": True}
            self.of("roles")[row["id"]] = row | {"permissions": sorted(permissions)}

    def of(self, table: str) -> Table:
        return self._tables.setdefault(table, {})

    def put(self, table: str, row: Row) -> None:
        """Insert or replace the row of a resource.

        Raises:
            Conflict, Invalid: a rule of the database is broken; nothing has changed.
        """
        before = self.of(table).get(row["id"])
        self._must_be_unique(table, row)
        if table == "users":
            self._roles_must_exist(row, before)
            self._an_admin_must_stay(before, row)
        if table == "roles" and before is not None:
            _must_not_be_builtin(before)
        self.of(table)[row["id"]] = row

    def remove(self, table: str, row_id: str) -> None:
        """Delete the row of a resource. Raises Conflict."""
        row = self.of(table)[row_id]
        if table == "users":
            self._an_admin_must_stay(row, None)
        if table == "roles":
            _must_not_be_builtin(row)
            if any(row["name"] in user["roles"] for user in self.of("users").values()):
                raise Conflict("Other resources still refer to it.")
        del self.of(table)[row_id]

    def copy(self) -> dict[str, Table]:
        return {name: dict(rows) for name, rows in self._tables.items()}

    def restore(self, copy: dict[str, Table]) -> None:
        self._tables.clear()
        self._tables.update(copy)

    def _must_be_unique(self, table: str, row: Row) -> None:
        for field in UNIQUE.get(table, ()):
            for other in self.of(table).values():
                same = row[field] is not None and other[field] == row[field]
                if same and other["id"] != row["id"]:
                    raise Conflict(f"There is already one with this {field}.", field=field)

    def _roles_must_exist(self, row: Row, before: Row | None) -> None:
        known = {role["name"] for role in self.of("roles").values()}
        known |= set(before["roles"] if before else ())
        if not known.issuperset(row["roles"]):
            raise Invalid("roles refers to nothing.", (Fault("/roles", "does not exist"),))

    def _an_admin_must_stay(self, before: Row | None, after: Row | None) -> None:
        if before is None or not _is_admin(before) or (after is not None and _is_admin(after)):
            return
        others = (user for user in self.of("users").values() if user["id"] != before["id"])
        if not any(_is_admin(user) for user in others):
            raise Conflict("The last active admin cannot be removed, demoted or disabled.")


def _is_admin(user: Row) -> bool:
    return "admin" in user["roles"] and user["status"] == "active"


def _must_not_be_builtin(role: Row) -> None:
    if role["builtin"]:
        raise Conflict("Built-in roles cannot be changed or removed; make a role of your own.")
