"""Where the ids of merged entities lead.

Whatever takes the id of an entity takes that of one that was merged, and means its survivor. There
is nothing under the old id any more, so only a miss asks where it leads: what names a living
entity costs nothing more (docs/decisions/0018).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from groundwork_core.errors import Fault, Invalid
from groundwork_core.resources.page import PageQuery
from groundwork_core.resources.resource import Input, Resource

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[[Collection[UUID]], Mapping[UUID, UUID]]

New = TypeVar("New", bound=Input)


def query_of_survivors(query: PageQuery, ask: Ask) -> PageQuery | None:
    """Return a query with survivors in the place of merged entities; None: it names none."""
    ids = {value for one, value in query.filters if one.survives and isinstance(value, UUID)}
    led = ask(ids) if ids else {}
    if not led:
        return None
    filters = tuple(
        (one, led.get(value, value) if one.survives and isinstance(value, UUID) else value)
        for one, value in query.filters
    )
    return replace(query, filters=filters)


def input_of_survivors(resource: Resource, given: New, ask: Ask) -> New | None:
    """Return an input with survivors in the place of merged entities; None: it names none.

    Raises:
        Invalid: it joins two entities that have become one.
    """
    named: dict[str, UUID] = {name: getattr(given, name) for name in resource.survives}
    led = ask(set(named.values())) if named else {}
    if not led:
        return None
    now = {name: led.get(id_, id_) for name, id_ in named.items()}
    must_stay_two(named, now)
    return given.model_copy(update=now)


def must_stay_two(named: Mapping[str, UUID], now: Mapping[str, UUID]) -> None:
    """Raise Invalid when entities that were named as several have become one."""
    faults = joined(named, now)
    if faults:
        raise Invalid("The input is invalid; see errors.", faults)


def joined(named: Mapping[str, UUID], now: Mapping[str, UUID]) -> tuple[Fault, ...]:
    """Return a fault for each field that names the entity of an earlier one by another id."""
    first: dict[UUID, str] = {}
    return tuple(
        Fault(f"/{name}", f"was merged into the same entity as {first[id_]}")
        for name, id_ in now.items()
        if named[first.setdefault(id_, name)] != named[name]
    )
