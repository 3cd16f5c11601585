"""Authenticate API keys: look them up by their hash, and cache the result for seconds.

Malformed keys are rejected by format and check characters, without a query.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundwork_core.caller import Caller
from groundwork_core.errors import Unauthenticated
from groundwork_core.identity.api_key_format import hash_of, is_well_formed

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundwork_core.clock import Clock
    from groundwork_core.identity.callers import KeyHolder
    from groundwork_core.identity.ports import CallerStore

CACHED_MAX = 10_000


@dataclass(slots=True)
class _CachedKey:
    holder: KeyHolder | None
    caller: Caller | None
    read_at: float


class ApiKeyAuthenticator:
    """Authenticates API keys and caches them, for one execution environment."""

    def __init__(self, store: CallerStore, clock: Clock, monotonic: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._monotonic = monotonic
        self._known: dict[bytes, _CachedKey] = {}

    def authenticate(self, key: str, at_most_seconds: float) -> Caller:
        """Return the caller that this key authenticates.

        `at_most_seconds` is the maximum age of the cached result; 0 reads it now.

        Raises:
            Unauthenticated: the key is malformed, unknown, expired or revoked, or its user is
                disabled.
            Unavailable: the database cannot be reached.
        """
        if not is_well_formed(key):
            raise Unauthenticated("The API key is malformed: mistyped or incomplete.")
        digest, moment = hash_of(key), self._monotonic()
        known = self._known.get(digest)
        if known is None or moment - known.read_at >= at_most_seconds:
            if len(self._known) >= CACHED_MAX:
                self._known.clear()
            holder = self._store.key_holder(digest)
            known = _CachedKey(holder, None if holder is None else _caller(holder), moment)
            self._known[digest] = known
        if known.holder is None or known.caller is None or self._has_expired(known.holder):
            raise Unauthenticated(
                "The API key is unknown, expired or revoked, or its user is disabled."
            )
        return known.caller

    def _has_expired(self, holder: KeyHolder) -> bool:
        return holder.expires_at is not None and holder.expires_at <= self._clock.now()


def _caller(holder: KeyHolder) -> Caller:
    return Caller(
        holder.user_id,
        holder.roles,
        holder.permissions,
        f"key:{holder.key_id}",
        key_id=holder.key_id,
        rights_stamp=holder.stamp,
    )
