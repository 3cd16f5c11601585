"""Read and list items of a resource."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from groundwork_core.caller import Caller
from groundwork_core.errors import Moved, NotFound
from groundwork_core.resources.cursors import Cursors
from groundwork_core.resources.ownership import seen_by
from groundwork_core.resources.page import page_query
from groundwork_core.resources.ports import ResourceStore, Stored
from groundwork_core.resources.resource import Resource
from groundwork_core.resources.survivors import query_of_survivors


def read_one(
    resource: Resource, row_id: UUID, *, store: ResourceStore, by: Caller | None = None
) -> Stored:
    """Return an item that `by` may see. Raises NotFound, or Moved for a merged entity."""
    store = seen_by(by, resource, store)
    stored = store.read(resource, row_id)
    if stored is None:
        raise absent(resource, row_id, store)
    return stored


def absent(resource: Resource, row_id: UUID, store: ResourceStore) -> NotFound | Moved:
    """Return the error for a missing item: Moved if it was merged, else NotFound."""
    to = store.survivors_of([row_id]).get(row_id) if resource.mergeable else None
    if to is None:
        return NotFound(resource.missing())
    return Moved(f"This {resource.singular} was merged into {to}.", to=str(to))


def list_many(
    resource: Resource,
    parameters: Mapping[str, Sequence[str]],
    *,
    store: ResourceStore,
    cursors: Cursors,
    by: Caller | None = None,
) -> str:
    """Return one page of items that `by` may see, as JSON: `{"items": […], "next_cursor": …}`.

    The JSON of items comes from the store and is not parsed, except the last one's for the cursor.

    Raises:
        Invalid: a parameter is unknown or invalid; each fault names one.
    """
    query = page_query(resource, parameters)
    after = cursors.read(resource.name, query)
    seen = seen_by(by, resource, store)
    page = seen.page(resource, query, after)
    if not page.items and (led := query_of_survivors(query, store.survivors_of)):
        page = seen.page(resource, led, after)
    items = ",".join(page.items)
    if not page.more:
        return '{"items":[' + items + '],"next_cursor":null}'
    cursor = cursors.write(resource.name, query, page.items[-1])
    return '{"items":[' + items + '],"next_cursor":"' + cursor + '"}'
