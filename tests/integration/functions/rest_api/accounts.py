"""Accounts and roles that tests change."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from .rest import Reply, Rest

PASSWORD = "correct horse battery staple"
ADA: dict[str, Any] = {"email": "ada@example.test", "roles": ["viewer"], "password": PASSWORD}
ANY = {"If-Match": "*"}


def change(rest: Rest, location: str, body: Mapping[str, object], **given: Any) -> Reply:
    return rest("PATCH", location, body, headers=ANY, **given)


def of(user: UUID | str) -> str:
    return f"/api/v1/users/{user}"


def role(rest: Rest, name: str, *permissions: str) -> Reply:
    return rest.create("roles", name=name, permissions=list(permissions))
