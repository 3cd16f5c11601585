"""What clients send to identity, and what they get."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from groundwork_core.identity.passwords import LONGEST, SHORTEST

Email = Annotated[str, StringConstraints(min_length=1, max_length=320)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=1024)]


class _Body(BaseModel):
    # Values are secrets: they stand in no message and no representation.
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class Login(_Body):
    """Address and password."""

    email: Email = Field(examples=["admin@localhost.test"])
    password: Secret = Field(repr=False, examples=["a long passphrase of your own"])
    device_token: Secret | None = Field(
        default=None,
        repr=False,
        description="What the last login on this device answered. Browsers send it as a cookie.",
    )


class Refresh(_Body):
    """A refresh token."""

    refresh_token: Secret = Field(repr=False)


class PasswordChange(_Body):
    """The present password and the one to come."""

    current_password: Secret = Field(repr=False, examples=["a long passphrase of your own"])
    new_password: Secret = Field(
        repr=False,
        examples=["another passphrase, as long"],
        # Counted by the rules of passwords, in normal form; here it is told only.
        json_schema_extra={"minLength": SHORTEST, "maxLength": LONGEST},
    )


class Tokens(BaseModel):
    """An access token for ten minutes, and a refresh token that gets the next pair, once."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the scheme's name
    expires_in: int = Field(description="Seconds that the access token holds.")


class LoggedIn(Tokens):
    """Tokens, and words by which this device is known when it logs in again."""

    device_token: str = Field(
        description="To be kept for 30 days and sent at the next login of this account. A known"
        " device gets in while others' failed logins have used up the limit of its address. It is"
        " a cookie too."
    )


class Ticket(BaseModel):
    """Opens one WebSocket, once."""

    ticket: str
    expires_in: int = Field(description="Seconds that the ticket holds.")


TEXT = {"type": "string"}
TEXTS = {"type": "array", "items": TEXT}
ME = {
    "application/json": {
        "schema": {
            "type": "object",
            "required": ["id", "email", "name", "roles", "permissions"],
            "properties": {
                "id": {"type": "string", "format": "uuid"},
                "email": TEXT,
                "name": TEXT,
                "roles": TEXTS,
                "permissions": TEXTS,
            },
        }
    }
}
"""OpenAPI content of what the caller is told of itself."""

KEY = {
    "type": "object",
    "required": ["kty", "crv", "x", "kid", "alg", "use"],
    "properties": {
        "kty": {"const": "OKP"},
        "crv": {"const": "Ed25519"},
        "x": {"type": "string", "examples": ["11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"]},
        "kid": {"type": "string", "format": "uuid"},
        "alg": {"const": "EdDSA"},
        "use": {"const": "sig"},
    },
}
KEYS = {
    "application/jwk-set+json": {
        "schema": {
            "type": "object",
            "required": ["keys"],
            "properties": {"keys": {"type": "array", "items": KEY}},
        }
    }
}
"""OpenAPI content of a JWK set (RFC 7517)."""
