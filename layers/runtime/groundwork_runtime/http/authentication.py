"""Authenticate requests by access token or API key (api_key_authentication.py).

A token's signature is verified at its first use; after that the token is found by its SHA-256.
The state of its user (active, sessions ended, roles) is cached for RIGHTS_CACHE_SECONDS, so that a
revocation is effective everywhere within that time. Writes check it again (decision 58).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from math import isfinite
from typing import TYPE_CHECKING
from uuid import UUID

from groundwork_core.caller import Caller
from groundwork_core.errors import Unauthenticated
from groundwork_core.identity.access_tokens import (
    ACCEPTED_ALGORITHMS,
    AUDIENCE,
    CLOCK_SKEW_SECONDS,
    REQUIRED_CLAIMS,
    TOKEN_TYPE,
)
from groundwork_core.identity.callers import AccountState
from groundwork_core.identity.ports import CallerStore
from groundwork_runtime.http.api_key_authentication import ApiKeyAuthenticator

if TYPE_CHECKING:
    from collections.abc import Callable

    from jwt import PyJWK

    from groundwork_core.clock import Clock

TOKEN_MAX = 8_192
CACHED_MAX = 10_000
RIGHTS_CACHE_SECONDS = 15.0
KEYS_SECONDS = 60.0
UNKNOWN_KEY_SECONDS = 2.0
"""Shortest interval at which tokens with an unknown kid cause the keys to be read again."""


@dataclass(frozen=True, slots=True)
class _Token:
    user_id: UUID
    issued_at: float
    expires_at: float


@dataclass(slots=True)
class _CachedUser:
    account: AccountState | None
    caller: Caller | None
    read_at: float


class Authenticator:
    """Authenticates callers and caches them, for one execution environment."""

    def __init__(
        self,
        store: CallerStore,
        *,
        issuer: str,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`store` reads keys and users; `issuer` is the required issuer of tokens."""
        self._store = store
        self._issuer = issuer
        self._clock = clock
        self._monotonic = monotonic
        self._api_keys = ApiKeyAuthenticator(store, clock, monotonic)
        self._tokens: dict[bytes, _Token] = {}
        self._known: dict[UUID, _CachedUser] = {}
        self._keys: dict[str, PyJWK] = {}
        self._keys_at = float("-inf")

    def authenticate(
        self, headers: Mapping[str, str], *, at_most_seconds: float = RIGHTS_CACHE_SECONDS
    ) -> Caller:
        """Return the caller that these headers authenticate.

        `at_most_seconds` is the maximum age of the cached rights; 0 reads them now.

        Raises:
            Unauthenticated: credentials are missing or invalid.
            Unavailable: the database is needed and cannot be reached.
        """
        api_key = headers.get("x-api-key")
        if api_key is not None:
            if "authorization" in headers:
                raise Unauthenticated("Send an access token or an API key, not both.")
            return self._api_keys.authenticate(api_key.strip(), at_most_seconds)
        scheme, _, token = headers.get("authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated(
                "Send an access token (Authorization: Bearer …) or an API key (X-API-Key)."
            )
        now = self._clock.now().timestamp()
        digest = sha256(token.encode("utf-8", "surrogatepass")).digest()
        verified = self._tokens.get(digest)
        if verified is None:
            verified = self._verify(token)
            if verified.issued_at > now + CLOCK_SKEW_SECONDS:
                raise Unauthenticated("The access token is not valid yet.")
            if len(self._tokens) >= CACHED_MAX:
                self._evict(now)
            self._tokens[digest] = verified
        if verified.expires_at <= now:
            del self._tokens[digest]
            raise Unauthenticated("The access token has expired.")
        return self._caller(verified, at_most_seconds)

    def _caller(self, token: _Token, at_most_seconds: float) -> Caller:
        moment = self._monotonic()
        known = self._known.get(token.user_id)
        if known is None or moment - known.read_at >= at_most_seconds:
            if len(self._known) >= CACHED_MAX:
                self._known.clear()
            known = _CachedUser(self._store.account_state(token.user_id), None, moment)
            self._known[token.user_id] = known
        account = known.account
        if account is None or not account.active:
            raise Unauthenticated("The account does not exist or is disabled.")
        if token.issued_at < account.sessions_valid_from.timestamp():
            raise Unauthenticated("The session was ended; log in again.")
        if known.caller is None:
            known.caller = Caller(
                token.user_id,
                account.roles,
                account.permissions,
                f"user:{token.user_id}",
                rights_stamp=account.stamp,
            )
        return known.caller

    def _verify(self, token: str) -> _Token:
        import jwt

        if len(token) > TOKEN_MAX:
            raise Unauthenticated("The access token is invalid.")
        try:
            header = jwt.get_unverified_header(token)
            if header.get("typ") != TOKEN_TYPE or "crit" in header:
                raise Unauthenticated("The token is not an access token.")
            claims = jwt.decode(
                token,
                self._key(str(header.get("kid"))),
                algorithms=ACCEPTED_ALGORITHMS,
                audience=AUDIENCE,
                issuer=self._issuer,
                # `iat` is compared by `authenticate`, which allows for clocks that differ.
                options={"require": list(REQUIRED_CLAIMS), "verify_iat": False},
            )
            issued_at = float(claims["iat"])
            if not isfinite(issued_at):
                raise Unauthenticated("The access token is invalid.")
            return _Token(UUID(claims["sub"]), issued_at, float(claims["exp"]))
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise Unauthenticated("The access token is invalid.") from error

    def _key(self, kid: str) -> PyJWK:
        from jwt import PyJWK

        age = self._monotonic() - self._keys_at
        if age >= KEYS_SECONDS or (kid not in self._keys and age >= UNKNOWN_KEY_SECONDS):
            self._keys = {name: PyJWK(dict(jwk)) for name, jwk in self._store.keys().items()}
            self._keys_at = self._monotonic()
        key = self._keys.get(kid)
        if key is None:
            raise Unauthenticated("The access token is signed with an unknown key.")
        return key

    def _evict(self, now: float) -> None:
        """Evict expired tokens; if none expired, evict all: verifying one again takes 0.1 ms."""
        self._tokens = {key: token for key, token in self._tokens.items() if token.expires_at > now}
        if len(self._tokens) >= CACHED_MAX:
            self._tokens.clear()
