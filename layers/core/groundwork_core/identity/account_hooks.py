"""Hooks of writes of accounts and roles: authorization, password hashing, end of sessions.

A caller may write only accounts and roles whose permissions it has itself, before and after the
change. So a caller with `users:write` cannot become an admin by assigning a role, setting an
admin's password or widening a role. The database protects the last admin, the built-in roles and
roles in use.

An API key must not grant rights that outlast it: it cannot set passwords, enable accounts, give an
account a role with more permissions, or widen a role. That needs an access token.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from uuid import UUID

from groundwork_core.caller import Caller
from groundwork_core.clock import Clock
from groundwork_core.errors import Fault, Forbidden, Invalid, NotFound
from groundwork_core.identity.passwords import check_password, normal
from groundwork_core.identity.ports import AccountsWork, PasswordHasher
from groundwork_core.identity.resources import NewUser, StoredUser, UserPatch
from groundwork_core.resources.resource import Input
from groundwork_core.resources.write_hooks import NoWriteHooks


class UserWriteHooks(NoWriteHooks[AccountsWork]):
    """Hashes passwords; ends sessions after a new password or when an account is disabled."""

    def __init__(self, *, by: Caller, hasher: Callable[[], PasswordHasher], clock: Clock) -> None:
        """`hasher` returns the password hasher when it is needed first."""
        self._by = by
        self._hasher = hasher
        self._clock = clock
        self._ends_sessions = False
        self._held: frozenset[str] = frozenset()

    def prepare(self, given: Input, row_id: UUID | None, work: AccountsWork) -> Input:
        """Check roles and password, and hash the password before any row is locked.

        Raises:
            NotFound: the account does not exist.
            Forbidden: the caller is an API key and sets a password or enables an account.
            Invalid: a role does not exist, or the password breaks a rule of passwords.py.
        """
        assert isinstance(given, NewUser | UserPatch)  # noqa: S101 - what the resource takes
        fields = given.model_dump(include=given.model_fields_set)
        password = fields.pop("password", None)
        with work:
            user = None if row_id is None else work.users.get(row_id)
            missing = work.users.missing_roles(given.roles)
        if row_id is not None and user is None:
            raise NotFound("This user does not exist.")
        if missing:
            faults = (
                Fault(f"/roles/{place}", "is not a role")
                for place, name in enumerate(given.roles)
                if name in missing
            )
            raise Invalid("The roles are invalid.", tuple(faults))
        if self._by.key_id is not None:
            if password is not None:
                raise Forbidden("An API key cannot set a password; log in.")
            if user is not None and not user.active and fields.get("status") == "active":
                raise Forbidden("An API key cannot enable an account; log in.")
        if password is not None:
            check_password(password, email=given.email or (user.email if user else ""))
            fields["password_hash"] = self._hasher().hash(normal(password))
        self._ends_sessions = row_id is not None and (
            password is not None or fields.get("status") == "disabled"
        )
        return StoredUser(**fields)

    def after_create(self, row_id: UUID, new: Input, work: AccountsWork) -> None:  # noqa: ARG002 - a port's signature
        """Raise Forbidden when the account has a permission that the caller lacks."""
        self._must_reach(row_id, work)

    def before_change(self, row_id: UUID, fields: frozenset[str], work: AccountsWork) -> None:  # noqa: ARG002 - as above
        """Raise Forbidden when the account has a permission that the caller lacks."""
        self._held = self._must_reach(row_id, work)

    def after_change(self, row_id: UUID, fields: frozenset[str], work: AccountsWork) -> None:
        """Check the account again after the change; end its sessions if required."""
        if "roles" in fields:
            check_grants_by_key(self._by, self._held, self._must_reach(row_id, work))
        if self._ends_sessions:
            # The account is locked here: a concurrent login waits and is refused.
            work.users.end_sessions(row_id, self._clock.now())

    def before_remove(self, row_id: UUID, work: AccountsWork) -> None:
        """Raise Forbidden when the account has a permission that the caller lacks."""
        self._must_reach(row_id, work)

    def _must_reach(self, row_id: UUID, work: AccountsWork) -> frozenset[str]:
        held = work.authority.of_user(row_id)
        check_permissions(self._by, held)
        return held


class RoleWriteHooks(NoWriteHooks[AccountsWork]):
    """Refuses roles with permissions that the caller lacks."""

    def __init__(self, *, by: Caller) -> None:
        """`by` is the caller of the write."""
        self._by = by
        self._gives: frozenset[str] = frozenset()

    def after_create(self, row_id: UUID, new: Input, work: AccountsWork) -> None:  # noqa: ARG002 - as above
        """Raise Forbidden when the role has a permission that the caller lacks."""
        self._must_reach(row_id, work)

    def before_change(self, row_id: UUID, fields: frozenset[str], work: AccountsWork) -> None:  # noqa: ARG002 - as above
        """Raise Forbidden when the role has a permission that the caller lacks."""
        self._gives = self._must_reach(row_id, work)

    def after_change(self, row_id: UUID, fields: frozenset[str], work: AccountsWork) -> None:
        """Raise Forbidden if the changed role has a permission that the caller lacks."""
        if "permissions" in fields:
            check_grants_by_key(self._by, self._gives, self._must_reach(row_id, work))

    def before_remove(self, row_id: UUID, work: AccountsWork) -> None:
        """Raise Forbidden when the role has a permission that the caller lacks."""
        self._must_reach(row_id, work)

    def _must_reach(self, row_id: UUID, work: AccountsWork) -> frozenset[str]:
        gives = work.authority.of_role(row_id)
        check_permissions(self._by, gives)
        return gives


def check_permissions(caller: Caller, permissions: Iterable[str]) -> None:
    """Raise Forbidden unless the caller has all of these permissions."""
    missing = sorted(set(permissions) - caller.permissions)
    if missing:
        raise Forbidden(f"This needs permissions that you do not have: {', '.join(missing)}.")


def check_grants_by_key(caller: Caller, before: frozenset[str], after: frozenset[str]) -> None:
    """Raise Forbidden when an API key adds permissions to an account or a role."""
    if caller.key_id is not None and not after <= before:
        added = ", ".join(sorted(after - before))
        raise Forbidden(f"An API key cannot grant permissions that outlast it: {added}; log in.")
