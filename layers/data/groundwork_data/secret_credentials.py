"""User names and passwords of the databases, read from secrets when a connection is opened.

A secret is a JSON object in the form of AWS' own rotation: `username` and `password`, or a whole
`url`. It is kept in memory and read again after a connection was refused, so that a running
function gets a rotated password without a deployment.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit, urlunsplit

from groundwork_core.errors import NotFound, Unavailable

READ_AGAIN_SECONDS = 5.0
"""A secret is read at most this often, so that an outage does not flood the secrets service."""
DEFAULT_PASSWORDS = frozenset({"", "admin", "groundwork", "neo4j", "password", "postgres", "test"})


@dataclass(frozen=True, slots=True)
class DatabaseSecret:
    """The content of a secret."""

    username: str = ""
    password: str = field(default="", repr=False)
    url: str = field(default="", repr=False)


class SecretCredentials:
    """Reads one secret and keeps it until `renew`."""

    def __init__(
        self,
        read: Callable[[], str],
        name: str,
        *,
        defaults_allowed: bool,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`read` returns the secret's text; `name` is the secret's id, for error messages.

        Unless `defaults_allowed`, a missing or well-known password is refused.
        """
        self._read = read
        self._name = name
        self._defaults_allowed = defaults_allowed
        self._now = now
        self._kept: DatabaseSecret | None = None
        self._read_at = float("-inf")

    def current(self) -> DatabaseSecret:
        """`read` returns the secret's text; `name` is the secret's id, for error messages.

        A missing or well-known password is refused, unless `defaults_allowed` is set.
        """
        if self._kept is None:
            self._kept = self._fetch()
        return self._kept

    def renew(self) -> bool:
        """Read the secret again after a refused connection; return whether it has changed.

        Returns False without reading if it was read within the last READ_AGAIN_SECONDS.
        """
        if self._now() - self._read_at < READ_AGAIN_SECONDS:
            return False
        before, self._kept = self._kept, self._fetch()
        return self._kept != before

    def _fetch(self) -> DatabaseSecret:
        self._read_at = self._now()
        try:
            content = json.loads(self._read())
        except NotFound:
            raise Unavailable(f"The secret {self._name} does not exist; create it.") from None
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise Unavailable(f"The secret {self._name} is not a JSON object.")
        found = DatabaseSecret(*(_text(content, key) for key in ("username", "password", "url")))
        password = found.password or _password_of(found.url)
        if not self._defaults_allowed and password in DEFAULT_PASSWORDS:
            raise Unavailable(f"The secret {self._name} has no password or a default one.")
        return found


class SecretUrl:
    """A libpq URL whose user and password come from a secret."""

    def __init__(self, credentials: SecretCredentials, address: str = "") -> None:
        """`address` is the URL without user and password; "" takes the secret's own `url`."""
        self._credentials = credentials
        self._address = address

    def current(self) -> str:
        """Return the URL to connect to. Raises Unavailable if the secret cannot be read."""
        secret = self._credentials.current()
        if not self._address:
            if not secret.url:
                raise Unavailable("The secret has no `url`; add it, or set DATABASE_URL.")
            return secret.url
        parts = urlsplit(self._address)
        user, password = quote(secret.username, safe=""), quote(secret.password, safe="")
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{user}:{password}@{host}"))

    def renew(self) -> bool:
        """Read the secret again; return whether it has changed."""
        return self._credentials.renew()


class FixedUrl:
    """A libpq URL that never changes."""

    def __init__(self, url: str) -> None:
        """`url` is returned as it is."""
        self._url = url

    def current(self) -> str:
        """Return the URL."""
        return self._url

    def renew(self) -> bool:
        """Return False: there is nothing to read again."""
        return False


def _text(content: dict[str, object], key: str) -> str:
    value = content.get(key, "")
    return value if isinstance(value, str) else ""


def _password_of(url: str) -> str:
    return urlsplit(url).password or ""
