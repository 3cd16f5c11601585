"""Create accounts."""

from __future__ import annotations

from uuid import UUID

from groundwork_core.errors import Fault, Invalid
from groundwork_core.identity.model import ADMIN, UserRow, normal_email
from groundwork_core.identity.passwords import check_password, normal
from groundwork_core.identity.ports import IdentityWork, PasswordHasher


def create_user(
    email: str,
    password: str | None,
    *,
    name: str = "",
    roles: tuple[str, ...],
    work: IdentityWork,
    hasher: PasswordHasher,
) -> UUID:
    """Create an account and return its id. Without a password it cannot log in.

    Raises:
        Invalid: the password breaks a rule of passwords.py, or a role does not exist.
        Conflict: the address is taken.
    """
    if password is not None:
        check_password(password, email=email)
    password_hash = None if password is None else hasher.hash(normal(password))
    with work:
        missing = work.users.missing_roles(roles)
        if missing or not roles:
            detail = f"has an unknown role: {missing[0]}" if missing else "must have a role"
            raise Invalid("The roles are invalid.", (Fault("/roles", detail),))
        return work.users.add(UserRow(normal_email(email), name, roles, password_hash))


def make_first_admin(
    email: str, password: str, *, work: IdentityWork, hasher: PasswordHasher
) -> UUID | None:
    """Create an admin unless one exists; return its id, or None if one existed.

    Raises:
        Invalid: the password breaks a rule of passwords.py.
        Conflict: the address belongs to an account that is not an admin.
    """
    with work:
        if work.users.any_admin():
            return None
    return create_user(email, password, name="Admin", roles=(ADMIN,), work=work, hasher=hasher)
