"""Read and write rows of any resource as JSON that Postgres makes, unparsed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from groundwork_core.resources.page import Page
from groundwork_core.resources.ports import Stored, Written
from groundwork_data.postgres import resource_sql
from groundwork_data.postgres.special_sql import special_of
from groundwork_data.postgres.survivors import survivors_of
from groundwork_data.postgres.transaction import actor_json

if TYPE_CHECKING:
    from uuid import UUID

    from groundwork_core.audit.actor import Actor
    from groundwork_core.resources.page import After, PageQuery
    from groundwork_core.resources.resource import Resource
    from groundwork_data.postgres.prepared import TextRow

    Run = Callable[[str, Sequence[object]], list[TextRow]]


class PostgresResources:
    """Implements `ResourceStore`. Every method is one statement."""

    def __init__(
        self,
        read: Run,
        write: Run,
        actor: Callable[[], Actor] | None = None,
        owner: UUID | None = None,
        search: Run | None = None,
    ) -> None:
        """`read` and `write` run reading and writing statements.

        `actor` returns the audit actor of writes outside a transaction; None if the open
        transaction
        has set it. `owner` limits the store to the rows of one user. `search` runs reading
        statements
        whose plan depends on their values; None means `read`.
        """
        self._run = read
        self._search = search or read
        self._write = write
        self._actor = actor
        self._owner = owner

    def owned_by(self, user_id: UUID) -> PostgresResources:
        """Return a store that contains only rows of this user."""
        return PostgresResources(self._run, self._write, self._actor, user_id, self._search)

    def read(self, resource: Resource, row_id: UUID) -> Stored | None:
        """Return one row, or None."""
        owner = self._owner_of(resource)
        rows = self._run(resource_sql.read(resource, owned=bool(owner)), (row_id, *owner))
        if not rows:
            return None
        tag, body = rows[0]
        return Stored(str(tag), str(body))

    def survivors_of(self, ids: Collection[UUID]) -> Mapping[UUID, UUID]:
        """Return the survivors of the entities that were merged, by old id."""
        return survivors_of(self._run, ids)

    def page(self, resource: Resource, query: PageQuery, after: After | None) -> Page:
        """Return one page; one more row is read to know whether another page follows."""
        rows = self._rows(resource, query, after, "each")
        if any(text is None for (text,) in rows):
            rows = self._rows(resource, query, after, "together")
        items = [text for (text,) in rows[: query.limit] if text is not None]
        return Page(items, len(items) < len(rows))

    def insert(self, resource: Resource, fields: tuple[str, ...], values: str) -> Written:
        """Insert one row."""
        clause, actor = self._set_actor(resource)
        rows = self._write(resource_sql.insert(resource, fields, clause), (*actor, values))
        return _written(rows[0])

    def update(
        self,
        resource: Resource,
        row_id: UUID,
        version: int,
        fields: tuple[str, ...],
        values: str,
    ) -> Written | None:
        """Change one row, or return None if it does not have this version."""
        clause, actor = self._set_actor(resource)
        owner = self._owner_of(resource)
        sql = resource_sql.update(resource, fields, clause, owned=bool(owner))
        rows = self._write(sql, (*actor, values, row_id, version, *owner))
        if not rows:
            return None
        return _written(rows[0])

    def delete(self, resource: Resource, row_id: UUID, version: int) -> str | None:
        """Delete one row, or return None if it does not have this version."""
        clause, actor = self._set_actor(resource)
        owner = self._owner_of(resource)
        sql = resource_sql.delete(resource, clause, owned=bool(owner))
        rows = self._write(sql, (*actor, row_id, version, *owner))
        if not rows:
            return None
        return str(rows[0][0])

    def _rows(
        self,
        resource: Resource,
        query: PageQuery,
        after: After | None,
        measured: resource_sql.Measured,
    ) -> list[TextRow]:
        owner = self._owner_of(resource)
        names = tuple(one.name for one, _ in query.filters)
        where = None if after is None else "null" if after.value is None else "value"
        direction: resource_sql.Direction = "DESC" if query.descending else "ASC"
        sql = resource_sql.page(
            resource, names, query.sort, direction, where, measured, owned=bool(owner)
        )
        parameters: list[object] = [
            resource_sql.like(str(value)) if one.operator == "like" else value
            for one, value in query.filters
        ]
        parameters += owner
        if after is not None:
            by_id_alone = after.value is None or query.sort == "id"
            parameters += [after.id] if by_id_alone else [after.value, after.id]
        parameters.append(query.limit + 1)
        depends = resource_sql.depends_on_values(resource, names, where)
        return (self._search if depends else self._run)(sql, parameters)

    def _owner_of(self, resource: Resource) -> tuple[UUID, ...]:
        return () if resource.owner is None or self._owner is None else (self._owner,)

    def _set_actor(self, resource: Resource) -> tuple[resource_sql.ActorClause, tuple[str, ...]]:
        actor = self._actor() if self._actor is not None else None
        if actor is None or not (actor.rights_stamp or special_of(resource.name).audited):
            return "no actor", ()
        return "set actor", (actor_json(actor),)


def _written(row: Sequence[object]) -> Written:
    id_, tag, body, position = map(str, row)
    return Written(id_, tag, body, position)
