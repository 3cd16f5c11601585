"""Rows of any resource, in memory."""

import json
from collections.abc import Collection, Mapping
from copy import copy
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any
from uuid import UUID

from groundwork_core.ids import new_id
from groundwork_core.knowledge.keys import folded
from groundwork_core.resources.page import PAGE_BYTES_MAX, After, FilterValue, Page, PageQuery
from groundwork_core.resources.ports import Stored, Written
from groundwork_core.resources.resource import Filter, Resource

from .tables import DEFAULTS, Row, Tables

START = datetime(2026, 1, 1, tzinfo=UTC)


class FakeResources:
    """Implements `ResourceStore`."""

    def __init__(self, tables: Tables | None = None) -> None:
        self.tables = tables or Tables()
        self.merged: dict[str, str] = {}
        self.statements = 0
        self._position = 0
        self._owner: str | None = None

    def owned_by(self, user_id: UUID) -> "FakeResources":
        same = copy(self)
        same._owner = str(user_id)
        return same

    def read(self, resource: Resource, row_id: UUID) -> Stored | None:
        self.statements += 1
        row = self._seen(resource).get(str(row_id))
        return None if row is None else Stored(str(row["version"]), _shown(resource, row))

    def survivors_of(self, ids: Collection[UUID]) -> Mapping[UUID, UUID]:
        self.statements += 1
        return {id_: UUID(self.merged[str(id_)]) for id_ in ids if str(id_) in self.merged}

    def page(self, resource: Resource, query: PageQuery, after: After | None) -> Page:
        self.statements += 1
        rows = [row for row in self._seen(resource).values() if _passes(row, query)]
        rows.sort(key=lambda row: _key(row[query.sort], row["id"]), reverse=query.descending)
        if after is not None:
            place = _key(after.value, after.id)
            rows = [
                row
                for row in rows
                if (_key(row[query.sort], row["id"]) < place) == query.descending
                and _key(row[query.sort], row["id"]) != place
            ]
        texts = [_shown(resource, row) for row in rows]
        sizes = accumulate(len(text.encode()) for text in texts)
        fitting = max(1, sum(size <= PAGE_BYTES_MAX for size in sizes))
        items = texts[: min(fitting, query.limit)]
        return Page(items, len(items) < len(texts))

    def insert(self, resource: Resource, fields: tuple[str, ...], values: str) -> Written:
        self.statements += 1
        given = json.loads(values)
        row: Row = dict.fromkeys(resource.columns)
        row |= DEFAULTS.get(resource.name, {})
        row |= {name: given[name] for name in fields}
        moment = (START + timedelta(seconds=self._position)).isoformat()
        row |= {"id": str(new_id()), "version": 1, "created_at": moment, "updated_at": moment}
        self.tables.put(resource.name, row)
        return self._written(resource, row)

    def update(
        self, resource: Resource, row_id: UUID, version: int, fields: tuple[str, ...], values: str
    ) -> Written | None:
        self.statements += 1
        row = self._seen(resource).get(str(row_id))
        if row is None or row["version"] != version:
            return None
        given = json.loads(values)
        new = row | {name: given[name] for name in fields} | {"version": version + 1}
        self.tables.put(resource.name, new)
        return self._written(resource, new)

    def delete(self, resource: Resource, row_id: UUID, version: int) -> str | None:
        self.statements += 1
        row = self._seen(resource).get(str(row_id))
        if row is None or row["version"] != version:
            return None
        self.tables.remove(resource.name, row["id"])
        self._position += 1
        return str(self._position)

    def _seen(self, resource: Resource) -> dict[str, Row]:
        rows: dict[str, Row] = self.tables.of(resource.name)
        if resource.owner is None or self._owner is None:
            return rows
        return {key: row for key, row in rows.items() if row[resource.owner] == self._owner}

    def _written(self, resource: Resource, row: Row) -> Written:
        self._position += 1
        shown = _shown(resource, row)
        return Written(row["id"], str(row["version"]), shown, str(self._position))


def _shown(resource: Resource, row: Row) -> str:
    """Return the JSON of a row, without columns that clients never see."""
    return json.dumps({name: row[name] for name in resource.columns}, default=_plain)


def _plain(value: datetime | UUID) -> str:
    """Write what JSON has no type for; rows that clients made have texts only."""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _key(value: object, row_id: str) -> tuple[bool, Any, str]:
    """Nulls are the greatest."""
    return (value is None, "" if value is None else value, row_id)


def _passes(row: Row, query: PageQuery) -> bool:
    return all(_holds(row, one, value) for one, value in query.filters)


def _holds(row: Row, one: Filter, value: FilterValue) -> bool:
    have: Any = row[one.column or one.name]
    if one.operator == "like":
        return folded(str(value)) in folded(str(have))
    if one.operator == "has":
        return value in have
    if have is None:
        return False
    if one.operator == "equals":
        return bool(have == (str(value) if isinstance(value, UUID) else value))
    return bool(have >= value)
