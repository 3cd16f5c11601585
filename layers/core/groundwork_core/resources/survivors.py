"""Resolve ids of merged entities to their survivors.

All inputs accept the id of a merged entity for its survivor. No row has the old id, so survivors
are read only if an item is not found; ids of existing entities cost no extra query
(docs/decisions/0018).
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
    """Return a query with survivors in place of merged entities; None if it names none.

    `ask` returns the survivors of ids.
    """
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
    """Return an input with survivors in place of merged entities; None if it names none.

    `ask` returns the survivors of ids.

    Raises:
        Invalid: it relates two entities that were merged into one.
    """
    named: dict[str, UUID] = {name: getattr(given, name) for name in resource.survives}
    led = ask(set(named.values())) if named else {}
    if not led:
        return None
    now = {name: led.get(id_, id_) for name, id_ in named.items()}
    must_stay_two(named, now)
    return given.model_copy(update=now)


def must_stay_two(named: Mapping[str, UUID], now: Mapping[str, UUID]) -> None:
    """Raise Invalid if two different entities of an input were merged into one.

    `named` has the ids as the input names them, `now` those of their survivors; both by field.
    """
    faults = joined(named, now)
    if faults:
        raise Invalid("The input is invalid; see errors.", faults)


def joined(named: Mapping[str, UUID], now: Mapping[str, UUID]) -> tuple[Fault, ...]:
    """Return a fault for each field that names the same entity as an earlier field after merges."""
    first: dict[UUID, str] = {}
    return tuple(
        Fault(f"/{name}", f"was merged into the same entity as {first[id_]}")
        for name, id_ in now.items()
        if named[first.setdefault(id_, name)] != named[name]
    )
