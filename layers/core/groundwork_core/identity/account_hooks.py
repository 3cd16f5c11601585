"""What a caller may do to accounts and roles, and what follows when it was done.

Nobody reaches above themselves: before and after a change, the account or role may hold nothing
that the caller does not. So `users:write` alone makes nobody an admin: not by a role, not by
setting an admin's password, not by widening a role. That an admin stays, that built-in roles stay
as they are and used ones stay at all, the database itself sees to.

An API key gives nobody what would outlast it: it sets no passwords, enables no account, gives an
account no role that adds to what it holds, and widens no role. A person does that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from uuid import UUID

from groundwork_core.caller import Caller
from groundwork_core.clock import Clock
from groundwork_core.errors import Fault, Forbidden, Invalid, NotFound
from groundwork_core.identity.passwords import must_be_good, normal
from groundwork_core.identity.ports import AccountsWork, PasswordHasher
from groundwork_core.identity.resources import NewUser, StoredUser, UserPatch
from groundwork_core.resources.resource import Input
from groundwork_core.resources.write_hooks import NoWriteHooks


class UserWriteHooks(NoWriteHooks[AccountsWork]):
    """Passwords are kept as hashes; a new one, or disabling, ends what the account has open."""

    def __init__(self, *, by: Caller, hasher: Callable[[], PasswordHasher], clock: Clock) -> None:
        """Take who writes, what makes the hasher when a password comes, and the time."""
        self._by = by
        self._hasher = hasher
        self._clock = clock
        self._ends_sessions = False
        self._held: frozenset[str] = frozenset()

    def prepare(self, given: Input, row_id: UUID | None, work: AccountsWork) -> Input:
        """Check roles and password, and hash it before anything is locked.

        Raises:
            NotFound: no such account.
            Forbidden: an API key sets a password, or enables an account.
            Invalid: a role does not exist, or the password is not good enough.
        """
        assert isinstance(given, NewUser | UserPatch)  # noqa: S101 - what the resource takes
        fields = given.model_dump(include=given.model_fields_set)
        password = fields.pop("password", None)
        with work:
            user = None if row_id is None else work.users.get(row_id)
            missing = work.users.missing_roles(given.roles)
        if row_id is not None and user is None:
            raise NotFound("There is no such user.")
        if missing:
            faults = (
                Fault(f"/roles/{place}", "no such role")
                for place, name in enumerate(given.roles)
                if name in missing
            )
            raise Invalid("The roles are not right.", tuple(faults))
        if self._by.key_id is not None:
            if password is not None:
                raise Forbidden("An API key cannot set a password; log in.")
            if user is not None and not user.active and fields.get("status") == "active":
                raise Forbidden("An API key cannot enable an account; log in.")
        if password is not None:
            must_be_good(password, email=given.email or (user.email if user else ""))
            fields["password_hash"] = self._hasher().hash(normal(password))
        self._ends_sessions = row_id is not None and (
            password is not None or fields.get("status") == "disabled"
        )
        return StoredUser(**fields)

    def after_create(self, row_id: UUID, new: Input, work: AccountsWork) -> None:  # noqa: ARG002 - a port's signature
        """Raise Forbidden when it may more than its maker."""
        self._must_reach(row_id, work)

    def before_change(self, row_id: UUID, fields: frozenset[str], work: AccountsWork) -> None:  # noqa: ARG002 - as above
        """Raise Forbidden when it may more than the caller."""
        self._held = self._must_reach(row_id, work)

    def after_change(self, row_id: UUID, fields: frozenset[str], work: AccountsWork) -> None:
        """Raise Forbidden when it now may more than the caller; end its sessions where due."""
        if "roles" in fields:
            no_more_by_a_key(self._by, self._held, self._must_reach(row_id, work))
        if self._ends_sessions:
            # The account is locked by now: whoever logs in meanwhile waits, and is too late.
            work.users.end_sessions(row_id, self._clock.now())

    def before_remove(self, row_id: UUID, work: AccountsWork) -> None:
        """Raise Forbidden when it may more than the caller."""
        self._must_reach(row_id, work)

    def _must_reach(self, row_id: UUID, work: AccountsWork) -> frozenset[str]:
        held = work.authority.of_user(row_id)
        must_hold(self._by, held)
        return held


class RoleWriteHooks(NoWriteHooks[AccountsWork]):
    """A role gives nothing that whoever makes or changes it does not hold."""

    def __init__(self, *, by: Caller) -> None:
        """Take who writes."""
        self._by = by
        self._gives: frozenset[str] = frozenset()

    def after_create(self, row_id: UUID, new: Input, work: AccountsWork) -> None:  # noqa: ARG002 - as above
        """Raise Forbidden when it gives more than its maker holds."""
        self._must_reach(row_id, work)

    def before_change(self, row_id: UUID, fields: frozenset[str], work: AccountsWork) -> None:  # noqa: ARG002 - as above
        """Raise Forbidden when it gives more than the caller holds."""
        self._gives = self._must_reach(row_id, work)

    def after_change(self, row_id: UUID, fields: frozenset[str], work: AccountsWork) -> None:
        """Raise Forbidden when it now gives more than the caller holds, or may give."""
        if "permissions" in fields:
            no_more_by_a_key(self._by, self._gives, self._must_reach(row_id, work))

    def before_remove(self, row_id: UUID, work: AccountsWork) -> None:
        """Raise Forbidden when it gives more than the caller holds."""
        self._must_reach(row_id, work)

    def _must_reach(self, row_id: UUID, work: AccountsWork) -> frozenset[str]:
        gives = work.authority.of_role(row_id)
        must_hold(self._by, gives)
        return gives


def must_hold(caller: Caller, permissions: Iterable[str]) -> None:
    """Raise Forbidden unless the caller holds all of these."""
    missing = sorted(set(permissions) - caller.permissions)
    if missing:
        raise Forbidden(f"This takes permissions that you do not hold: {', '.join(missing)}.")


def no_more_by_a_key(caller: Caller, before: frozenset[str], after: frozenset[str]) -> None:
    """Raise Forbidden when an API key adds to what an account holds or a role gives."""
    if caller.key_id is not None and not after <= before:
        added = ", ".join(sorted(after - before))
        raise Forbidden(f"An API key cannot give permissions that outlast it: {added}; log in.")
