"""Hooks of writes of API keys.

A key never has more rights than its creator: a user's roles, or the scopes and lifetime of the key
that creates it. A key can change only keys that it has created, and never itself. The database
enforces this for every writer (docs/decisions/0020).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from groundwork_core.caller import Caller
from groundwork_core.clock import Clock
from groundwork_core.errors import Fault, Forbidden, Invalid, Unauthenticated
from groundwork_core.identity import api_key_format as api_key_words
from groundwork_core.identity.account_hooks import check_permissions
from groundwork_core.identity.api_keys import API_KEYS, ApiKeyPatch, NewApiKey, StoredApiKey
from groundwork_core.identity.ports import AccountsWork
from groundwork_core.resources.resource import Input
from groundwork_core.resources.write_hooks import NoWriteHooks

if TYPE_CHECKING:
    from pydantic import JsonValue


class ApiKeyWriteHooks(NoWriteHooks[AccountsWork]):
    """Makes a new key, which is shown once and stored as a hash; checks changes."""

    def __init__(self, *, by: Caller, clock: Clock) -> None:
        """`by` is the caller of the write."""
        self._by = by
        self._clock = clock
        self._made: str | None = None

    def prepare(self, given: Input, row_id: UUID | None, work: AccountsWork) -> Input:
        """Check scopes and expiry, and generate the key.

        Raises:
            Forbidden: a key would change itself.
            Invalid: the caller lacks a scope, or the expiry is in the past, or later than that of
                the
                key that creates or changes it.
        """
        assert isinstance(given, NewApiKey | ApiKeyPatch)  # noqa: S101 - what the resource takes
        if row_id is not None and row_id == self._by.key_id:
            raise Forbidden("An API key cannot change itself; log in.")
        faults = [
            Fault(f"/scopes/{place}", "is a permission that you do not have")
            for place, scope in enumerate(given.scopes)
            if not self._by.may(scope)
        ]
        if given.expires_at is not None and given.expires_at <= self._clock.now():
            faults.append(Fault("/expires_at", "is not in the future"))
        fields = given.model_dump(include=given.model_fields_set)
        if self._by.key_id is not None:
            with work:
                ends = _end_of(self._by.key_id, work)
            if isinstance(given, NewApiKey):
                fields["parent_id"] = self._by.key_id
                fields.setdefault("expires_at", ends)
            if "expires_at" in fields and _outlives(fields["expires_at"], ends):
                faults.append(
                    Fault("/expires_at", "is later than the expiry of the key that you sent")
                )
        if faults:
            raise Invalid("The API key is invalid.", tuple(faults))
        if isinstance(given, NewApiKey):
            self._made = key = api_key_words.new_key()
            fields["prefix"] = api_key_words.prefix_of(key)
            fields["key_hash"] = "\\x" + api_key_words.hash_of(key).hex()
        return StoredApiKey(**fields)

    def shown_once(self) -> Mapping[str, JsonValue]:
        """Return the new key."""
        return {} if self._made is None else {"key": self._made}

    def before_change(self, row_id: UUID, fields: frozenset[str], work: AccountsWork) -> None:  # noqa: ARG002 - a port's signature
        """Raise Forbidden if the key has more rights than the caller, or another key created it."""
        check_key_rights(self._by, row_id, work)
        maker = self._by.key_id
        if maker is not None and not work.api_keys.is_made_by(row_id, maker):
            raise Forbidden("An API key can only change keys that it created; log in.")

    def before_remove(self, row_id: UUID, work: AccountsWork) -> None:
        """Raise Forbidden if the key or its user has more rights than the caller."""
        check_key_rights(self._by, row_id, work)


def check_key_rights(by: Caller, row_id: UUID, work: AccountsWork) -> None:
    """Check that the caller has all rights of a key that it changes, revokes or deletes.

    Users may always change and revoke their own keys, which never have more rights than they do. A
    key may revoke itself.

    Raises:
        Forbidden: the caller is a key with fewer rights or an earlier expiry, or has fewer rights
            than the key's user.
    """
    found = work.resources.read(API_KEYS, row_id)
    if found is None or row_id == by.key_id:
        return
    key = found.parsed()
    owner = UUID(str(key["user_id"]))
    if owner != by.user_id or by.key_id is not None:
        scopes = key["scopes"] if isinstance(key["scopes"], list) else []
        held = work.authority.of_user(owner)
        check_permissions(by, held if owner != by.user_id else held.intersection(map(str, scopes)))
    if by.key_id is not None and _outlives(_moment(key["expires_at"]), _end_of(by.key_id, work)):
        raise Forbidden("This key expires later than the API key that you sent; log in.")


def _end_of(key_id: UUID, work: AccountsWork) -> datetime | None:
    """Return when a key expires, or None if it does not.

    Raises:
        Unauthenticated: the key was deleted.
    """
    found = work.resources.read(API_KEYS, key_id)
    if found is None:
        raise Unauthenticated("The API key is unknown, expired or revoked.")
    return _moment(found.parsed()["expires_at"])


def _outlives(one: datetime | None, other: datetime | None) -> bool:
    """Return whether `one` is later than `other`; None means never."""
    return other is not None and (one is None or one > other)


def _moment(stored: JsonValue) -> datetime | None:
    return datetime.fromisoformat(stored) if isinstance(stored, str) else None
