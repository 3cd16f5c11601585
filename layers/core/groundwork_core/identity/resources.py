"""Users and roles as REST resources, to be read; accounts are made by `groundwork user`."""

from __future__ import annotations

from typing import Literal, get_args

from groundwork_core.resources.resource import Filter, Representation, Resource, Sort

Status = Literal["active", "disabled"]


class User(Representation):
    """A person or a service with an account. What proves who they are is never shown."""

    email: str
    name: str
    roles: list[str]
    status: Status


class Role(Representation):
    """A named set of permissions."""

    name: str
    permissions: list[str]
    builtin: bool


USERS = Resource(
    name="users",
    singular="user",
    model=User,
    removable=False,
    filters=(
        Filter("email", column="email.folded"),
        Filter("status", choices=get_args(Status)),
        Filter("role", operator="has", column="roles"),
    ),
    sorts={"email": Sort("text")},
)

ROLES = Resource(
    name="roles",
    singular="role",
    model=Role,
    removable=False,
    filters=(Filter("name"),),
    sorts={"name": Sort("text")},
)
