"""Access to resources whose items belong to users (`Resource(owner="user_id")`).

Items of other users are hidden: reads and writes raise NotFound, lists leave them out. Callers
with the permission `users:write` see the items of all users.
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
    """A resource with owners was used without a caller. This is a programming error."""


def seen_by(by: Caller | None, resource: Resource, store: ResourceStore) -> ResourceStore:
    """Return the store restricted to the caller's items. Raises OwnerUnknown."""
    if resource.owner is None or _known(by, resource).may(SEES_ALL):
        return store
    return store.owned_by(_known(by, resource).user_id)


def owner_of_new(
    by: Caller | None, resource: Resource, given: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    """Return the owner field of a new item where the client left it out.

    Raises:
        Forbidden: the client names another user and lacks the permission `users:write`.
        OwnerUnknown: there is no caller.
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
        message = f"{resource.name} belong to users; pass the caller as `by`"
        raise OwnerUnknown(message)
    return by
