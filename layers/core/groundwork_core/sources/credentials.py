"""Credentials of a source: as clients send them, and as a header of requests to its server."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints, TypeAdapter, field_validator
from pydantic_core import Url

from groundwork_core.encryption.ports import SecretPlace
from groundwork_core.resources.resource import Input

MAX_SECRET = 4_000
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110 section 5.6.2."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_VISIBLE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
OF_THE_CONNECTION = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Hop-by-hop headers (RFC 9110 section 7.6.1); they would change how the request is read."""
OF_THE_FETCHER = frozenset(
    {
        "accept",
        "accept-encoding",
        "content-length",
        "cookie",
        "expect",
        "from",
        "host",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "range",
        "referer",
        "user-agent",
    }
)
"""Headers that the fetcher sets itself, or that change what a response means."""


class BasicCredentials(Input):
    """User name and password of HTTP's Basic authentication (RFC 7617)."""

    scheme: Literal["basic"]
    username: str = Field(min_length=1, max_length=500)
    password: str = Field(max_length=MAX_SECRET, repr=False)

    @field_validator("username")
    @classmethod
    def _no_colon(cls, value: str) -> str:
        if ":" in value:
            message = "must not contain a colon"
            raise ValueError(message)
        return _no_control(value)

    @field_validator("password")
    @classmethod
    def _one_line(cls, value: str) -> str:
        return _no_control(value)


class BearerCredentials(Input):
    """A token that is sent as `Authorization: Bearer …` (RFC 6750)."""

    scheme: Literal["bearer"]
    token: str = Field(min_length=1, max_length=MAX_SECRET, repr=False)

    @field_validator("token")
    @classmethod
    def _no_blank(cls, value: str) -> str:
        if not _VISIBLE.fullmatch(value) or " " in value:
            message = "must be visible ASCII characters without spaces"
            raise ValueError(message)
        return value


class HeaderCredentials(Input):
    """A header that the source's server expects, such as `X-Api-Key`."""

    scheme: Literal["header"]
    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    value: str = Field(min_length=1, max_length=MAX_SECRET, repr=False)

    @field_validator("name")
    @classmethod
    def _may_be_sent(cls, value: str) -> str:
        if not _TOKEN.fullmatch(value):
            message = "is not the name of a header"
            raise ValueError(message)
        if value.lower() in OF_THE_CONNECTION or value.lower().startswith("proxy-"):
            message = "is a header of the connection and cannot be set"
            raise ValueError(message)
        if value.lower() in OF_THE_FETCHER:
            message = "is a header of the fetcher and cannot be set"
            raise ValueError(message)
        return value

    @field_validator("value")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if not _VISIBLE.fullmatch(value):
            message = "must be visible ASCII characters, with spaces between them only"
            raise ValueError(message)
        return value


Credentials = Annotated[
    BasicCredentials | BearerCredentials | HeaderCredentials, Field(discriminator="scheme")
]
AnyCredentials = BasicCredentials | BearerCredentials | HeaderCredentials


class StoredCredentials(BaseModel):
    """Credentials and the origin that they are for; encrypted together."""

    origin: str
    credentials: Credentials


STORED: TypeAdapter[StoredCredentials] = TypeAdapter(StoredCredentials)


@dataclass(frozen=True, slots=True)
class SecretHeader:
    """A header with a secret, and the only origin that may get it."""

    origin: str
    name: str
    value: str = field(repr=False)


def origin_of(url: str) -> str:
    """Return the origin of a URL in normal form: scheme, host and port (RFC 6454)."""
    parts = Url(url)
    return f"{parts.scheme}://{parts.host}:{parts.port}"


def sealed_text(credentials: AnyCredentials, url: str) -> str:
    """Return the text to encrypt for a source's address."""
    return StoredCredentials(origin=origin_of(url), credentials=credentials).model_dump_json()


def secret_header(text: str) -> SecretHeader:
    """Return the header of decrypted credentials."""
    stored = STORED.validate_json(text)
    given = stored.credentials
    if isinstance(given, HeaderCredentials):
        return SecretHeader(stored.origin, given.name, given.value)
    if isinstance(given, BearerCredentials):
        return SecretHeader(stored.origin, "Authorization", f"Bearer {given.token}")
    pair = base64.b64encode(f"{given.username}:{given.password}".encode()).decode()
    return SecretHeader(stored.origin, "Authorization", f"Basic {pair}")


def place_of(source_id: UUID) -> SecretPlace:
    """Return the place of a source's encrypted credentials."""
    return SecretPlace("source_credentials", "encrypted", source_id)


def _no_control(value: str) -> str:
    if _CONTROL.search(value):
        message = "must not contain control characters"
        raise ValueError(message)
    return value
