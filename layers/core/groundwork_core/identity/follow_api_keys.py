"""What a caller may do to API keys.

A key never has more than who makes it: a person what their roles give, a key what it may itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from groundwork_core.caller import Caller
from groundwork_core.clock import Clock
from groundwork_core.errors import Fault, Invalid
from groundwork_core.identity import api_key_words
from groundwork_core.identity.api_keys import API_KEYS, ApiKeyPatch, NewApiKey, StoredApiKey
from groundwork_core.identity.follow import AccountsWork, must_hold
from groundwork_core.resources.following import NoConsequences
from groundwork_core.resources.resource import Input

if TYPE_CHECKING:
    from pydantic import JsonValue


class ApiKeyConsequences(NoConsequences[AccountsWork]):
    """A new key is shown once, and kept as a hash."""

    def __init__(self, *, by: Caller, clock: Clock) -> None:
        """Take who writes, and the time."""
        self._by = by
        self._clock = clock
        self._made: str | None = None

    def prepared(self, given: Input, row_id: UUID | None, work: AccountsWork) -> Input:  # noqa: ARG002 - a port's signature
        """Check what was given, and make the key's words.

        Raises:
            Invalid: a scope is more than the caller may, or it would have expired already.
        """
        assert isinstance(given, NewApiKey | ApiKeyPatch)  # noqa: S101 - what the resource takes
        faults = [
            Fault(f"/scopes/{place}", "is more than you may yourself")
            for place, scope in enumerate(given.scopes)
            if not self._by.may(scope)
        ]
        if given.expires_at is not None and given.expires_at <= self._clock.now():
            faults.append(Fault("/expires_at", "is not in the future"))
        if faults:
            raise Invalid("The key cannot be like this.", tuple(faults))
        fields = given.model_dump(include=given.model_fields_set)
        if isinstance(given, NewApiKey):
            self._made = key = api_key_words.new_key()
            fields["prefix"] = api_key_words.prefix_of(key)
            fields["key_hash"] = "\\x" + api_key_words.hash_of(key).hex()
        return StoredApiKey(**fields)

    def shown_once(self) -> Mapping[str, JsonValue]:
        """Return the key's words."""
        return {} if self._made is None else {"key": self._made}

    def changing(self, row_id: UUID, fields: frozenset[str], work: AccountsWork) -> None:  # noqa: ARG002 - a port's signature
        """Raise Forbidden when the key, or whose it is, may more than the caller."""
        must_reach_key(self._by, row_id, work)

    def removing(self, row_id: UUID, work: AccountsWork) -> None:
        """Raise Forbidden when the key, or whose it is, may more than the caller."""
        must_reach_key(self._by, row_id, work)


def must_reach_key(by: Caller, row_id: UUID, work: AccountsWork) -> None:
    """Check that a key is no stronger than who changes it.

    One's own keys are always in reach of a person: they never do more than they.

    Raises:
        Forbidden: the caller is a weaker key, or may less than the other user whose key it is.
    """
    found = work.resources.read(API_KEYS, row_id)
    if found is None:
        return
    key = found.parsed()
    owner = UUID(str(key["user_id"]))
    if owner != by.user_id or by.key_id is not None:
        scopes = key["scopes"] if isinstance(key["scopes"], list) else []
        held = work.authority.of_user(owner)
        must_hold(by, held if owner != by.user_id else held.intersection(map(str, scopes)))
