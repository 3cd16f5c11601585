"""Persisted queries: clients send the SHA-256 of a query instead of its text.

`persisted.json`, bundled with the function, maps hashes to texts. A stage that requires persisted
queries serves only these. Elsewhere a client may send a text with its hash once, and then only the
hash. Such queries are cached per process, within a limit; after an eviction the client gets
PERSISTED_QUERY_NOT_FOUND and sends the text again.
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files

from groundwork_runtime.graphql.error_codes import BAD_USER_INPUT, QueryRejected

CACHED_MAX = 500
CACHED_LENGTH_MAX = 10_000
"""Characters; the cache takes at most 20 MB."""

_HASH = re.compile(r"[0-9a-f]{64}")


def bundled() -> Mapping[str, str]:
    """Read persisted.json. Raises ValueError if a hash does not match its text."""
    text = files(__package__).joinpath("persisted.json").read_text(encoding="utf-8")
    known: dict[str, str] = json.loads(text)
    for hash_, query in known.items():
        if hash_of(query) != hash_:
            message = f"persisted.json: {hash_} is not the SHA-256 of its query"
            raise ValueError(message)
    return known


def hash_of(text: str) -> str:
    """Return the SHA-256 of a text in hexadecimal."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class PersistedQueries:
    """Finds query texts by their hashes."""

    def __init__(self, known: Mapping[str, str]) -> None:
        """`known` are the bundled queries, which are never evicted."""
        self._known = known
        self._learned: OrderedDict[str, str] = OrderedDict()

    def text_of(self, text: str | None, extensions: object, *, only_known: bool) -> str:
        """Return the query to execute.

        Raises:
            QueryRejected: the hash is unknown or does not match the text, or `only_known` is set
                and the query is not bundled.
        """
        hash_ = _hash_in(extensions)
        if text is None:
            if hash_ is None:
                raise QueryRejected("query must be a non-empty string.", BAD_USER_INPUT)
            found = self._known.get(hash_) or (None if only_known else self._learned.get(hash_))
            if found is None:
                raise QueryRejected("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
            return found
        if hash_ is not None and hash_ != hash_of(text):
            raise QueryRejected(
                "persistedQuery.sha256Hash is not the SHA-256 of query.", BAD_USER_INPUT
            )
        if only_known and hash_of(text) not in self._known:
            raise QueryRejected("Only persisted queries are allowed.", "PERSISTED_QUERY_REQUIRED")
        return text

    def learn(self, text: str, extensions: object) -> None:
        """Cache a valid query that was sent with its hash."""
        hash_ = _hash_in(extensions)
        if hash_ is None or hash_ in self._known or len(text) > CACHED_LENGTH_MAX:
            return
        self._learned[hash_] = text
        self._learned.move_to_end(hash_)
        if len(self._learned) > CACHED_MAX:
            self._learned.popitem(last=False)


def _hash_in(extensions: object) -> str | None:
    """Return `extensions.persistedQuery.sha256Hash`, or None. Raises QueryRejected."""
    persisted = extensions.get("persistedQuery") if isinstance(extensions, dict) else None
    if persisted is None:
        return None
    hash_ = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
    if not isinstance(hash_, str) or not _HASH.fullmatch(hash_):
        raise QueryRejected(
            "persistedQuery.sha256Hash must be 64 hexadecimal digits.", BAD_USER_INPUT
        )
    return hash_
