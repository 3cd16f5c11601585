"""Users and roles as REST resources."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, StringConstraints

from groundwork_core.identity.passwords import LONGEST, SHORTEST
from groundwork_core.identity.permissions import PERMISSIONS
from groundwork_core.resources.field_types import Text
from groundwork_core.resources.resource import Filter, Input, Representation, Resource, Sort

Status = Literal["active", "disabled"]


def _known(permission: str) -> str:
    if permission not in PERMISSIONS:
        message = "is not a permission; permissions have the form resource:read or resource:write"
        raise ValueError(message)
    return permission


def as_set(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words sorted and without repetitions."""
    return tuple(sorted(set(words)))


Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=3, max_length=320, pattern=r"^[^@\s\x00]+@[^@\s\x00]+$"
    ),
    AfterValidator(str.lower),
]
"""An e-mail address in the form of `normal_email`."""
PersonName = Annotated[Text, StringConstraints(max_length=200)]
Password = Annotated[
    str,
    StringConstraints(max_length=1024),
    Field(
        description="Write only.",
        examples=["a long passphrase of your own"],
        json_schema_extra={
            "format": "password",
            "writeOnly": True,
            "minLength": SHORTEST,
            "maxLength": LONGEST,
        },
    ),
]
"""A new password; the rules of passwords.py are checked later, with the email address."""
RoleName = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{1,62}$"), Field(examples=["editor"])
]
RoleNames = Annotated[
    tuple[RoleName, ...], Field(fail_fast=True, min_length=1, max_length=50), AfterValidator(as_set)
]
Permission = Annotated[
    str,
    AfterValidator(_known),
    Field(json_schema_extra={"enum": sorted(PERMISSIONS)}),
]
Permissions = Annotated[
    tuple[Permission, ...], Field(fail_fast=True, max_length=200), AfterValidator(as_set)
]


class User(Representation):
    """An account of a person or a service. Credentials are never shown."""

    email: str
    name: str
    roles: list[str]
    status: Status


class NewUser(Input):
    """An account to create. Without a password it cannot log in."""

    email: Email
    name: PersonName = ""
    roles: RoleNames
    status: Status = "active"
    password: Password | None = Field(None, repr=False)


class UserPatch(Input):
    """Changes of an account. A new password, or disabling the account, ends all its sessions."""

    email: Email = ""
    name: PersonName = ""
    roles: RoleNames = ()
    status: Status = "active"
    password: Password = Field("", repr=False)


class StoredUser(Input):
    """An account as stored: with a hash in place of the password."""

    email: str = ""
    name: str = ""
    roles: tuple[str, ...] = ()
    status: Status = "active"
    password_hash: str = Field("", repr=False)


class Role(Representation):
    """A named set of permissions."""

    name: str
    permissions: list[str]
    builtin: bool


class NewRole(Input):
    """A role to create."""

    name: RoleName
    permissions: Permissions


class RolePatch(Input):
    """Changes of a role; built-in roles cannot be changed."""

    name: RoleName = ""
    permissions: Permissions = ()


USERS = Resource(
    name="users",
    singular="user",
    model=User,
    create=NewUser,
    patch=UserPatch,
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
    create=NewRole,
    patch=RolePatch,
    filters=(Filter("name"),),
    sorts={"name": Sort("text")},
)
