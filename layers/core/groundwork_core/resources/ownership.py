"""Whose a thing is, in resources whose things belong to users (`Resource(owner="user_id")`).

What belongs to somebody else is not there: reads and writes answer NotFound, lists leave it out.
Whoever may write users sees everybody's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundwork_core.errors import Forbidden

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from groundwork_core.caller import Caller
    from groundwork_core.resources.ports import ResourceStore
    from groundwork_core.resources.resource import Resource

SEES_ALL = "users:write"


class OwnerUnknown(Exception):
    """Things that belong to users were asked for without saying who asks: a mistake of ours."""


def seen_by(by: Caller | None, resource: Resource, store: ResourceStore) -> ResourceStore:
    """Return the store as this caller sees it. Raises OwnerUnknown: see there."""
    if resource.owner is None or _known(by, resource).may(SEES_ALL):
        return store
    return store.owned_by(_known(by, resource).user_id)


def owner_of_new(
    by: Caller | None, resource: Resource, given: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    """Return the owner's field for a new thing, where the client left it out.

    Raises:
        Forbidden: the client names somebody else, and may not.
        OwnerUnknown: see there.
    """
    if resource.owner is None:
        return {}
    caller = _known(by, resource)
    owner = given.get(resource.owner)
    if owner is None:
        return {resource.owner: str(caller.user_id)}
    if owner != str(caller.user_id) and not caller.may(SEES_ALL):
        raise Forbidden(f"A {resource.singular} for another user needs the permission {SEES_ALL}.")
    return {}


def _known(by: Caller | None, resource: Resource) -> Caller:
    if by is None:
        message = f"{resource.name} belong to users: say who asks"
        raise OwnerUnknown(message)
    return by
