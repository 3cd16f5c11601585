"""What a caller may do to API keys.

A key never has more than who makes it: a person what their roles give, a key what it may itself,
for as long as it may. A key changes only keys that it has made, and never itself. The database
holds every key within the one that made it, whoever writes (docs/decisions/0020).
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
from groundwork_core.identity.account_hooks import must_hold
from groundwork_core.identity.api_keys import API_KEYS, ApiKeyPatch, NewApiKey, StoredApiKey
from groundwork_core.identity.ports import AccountsWork
from groundwork_core.resources.resource import Input
from groundwork_core.resources.write_hooks import NoWriteHooks

if TYPE_CHECKING:
    from pydantic import JsonValue


class ApiKeyWriteHooks(NoWriteHooks[AccountsWork]):
    """A new key is shown once, and kept as a hash."""

    def __init__(self, *, by: Caller, clock: Clock) -> None:
        """Take who writes, and the time."""
        self._by = by
        self._clock = clock
        self._made: str | None = None

    def prepare(self, given: Input, row_id: UUID | None, work: AccountsWork) -> Input:
        """Check what was given, and make the key's words.

        Raises:
            Forbidden: a key changes itself.
            Invalid: a scope is more than the caller may, or the key would have expired already or
                would outlive the key that makes or changes it.
        """
        assert isinstance(given, NewApiKey | ApiKeyPatch)  # noqa: S101 - what the resource takes
        if row_id is not None and row_id == self._by.key_id:
            raise Forbidden("An API key cannot change itself; log in.")
        faults = [
            Fault(f"/scopes/{place}", "is more than you may yourself")
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
                faults.append(Fault("/expires_at", "is later than that of the key you send"))
        if faults:
            raise Invalid("The key cannot be like this.", tuple(faults))
        if isinstance(given, NewApiKey):
            self._made = key = api_key_words.new_key()
            fields["prefix"] = api_key_words.prefix_of(key)
            fields["key_hash"] = "\\x" + api_key_words.hash_of(key).hex()
        return StoredApiKey(**fields)

    def shown_once(self) -> Mapping[str, JsonValue]:
        """Return the key's words."""
        return {} if self._made is None else {"key": self._made}

    def before_change(self, row_id: UUID, fields: frozenset[str], work: AccountsWork) -> None:  # noqa: ARG002 - a port's signature
        """Raise Forbidden when the key is out of the caller's reach, or another key made it."""
        must_reach_key(self._by, row_id, work)
        maker = self._by.key_id
        if maker is not None and not work.api_keys.is_made_by(row_id, maker):
            raise Forbidden("An API key changes only keys that it has made; log in.")

    def before_remove(self, row_id: UUID, work: AccountsWork) -> None:
        """Raise Forbidden when the key, or whose it is, may more than the caller."""
        must_reach_key(self._by, row_id, work)


def must_reach_key(by: Caller, row_id: UUID, work: AccountsWork) -> None:
    """Check that a key is no stronger than who changes or ends it.

    One's own keys are always in reach of a person: they never do more than they. A key reaches
    itself: what holds a key may end it.

    Raises:
        Forbidden: the caller is a key that may less or ends earlier, or may less than the other
            user whose key it is.
    """
    found = work.resources.read(API_KEYS, row_id)
    if found is None or row_id == by.key_id:
        return
    key = found.parsed()
    owner = UUID(str(key["user_id"]))
    if owner != by.user_id or by.key_id is not None:
        scopes = key["scopes"] if isinstance(key["scopes"], list) else []
        held = work.authority.of_user(owner)
        must_hold(by, held if owner != by.user_id else held.intersection(map(str, scopes)))
    if by.key_id is not None and _outlives(_moment(key["expires_at"]), _end_of(by.key_id, work)):
        raise Forbidden("This key ends later than the one you send; log in.")


def _end_of(key_id: UUID, work: AccountsWork) -> datetime | None:
    """Return when a key ends; None: it does not end by itself.

    Raises:
        Unauthenticated: it is gone.
    """
    found = work.resources.read(API_KEYS, key_id)
    if found is None:
        raise Unauthenticated("The API key does not hold: unknown, expired or revoked.")
    return _moment(found.parsed()["expires_at"])


def _outlives(one: datetime | None, other: datetime | None) -> bool:
    """Say whether what ends at `one` ends after what ends at `other`; None: never."""
    return other is not None and (one is None or one > other)


def _moment(stored: JsonValue) -> datetime | None:
    return datetime.fromisoformat(stored) if isinstance(stored, str) else None
