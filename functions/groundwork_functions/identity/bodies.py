"""Request and response bodies of identity."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from groundwork_core.identity.passwords import LONGEST, SHORTEST

Email = Annotated[str, StringConstraints(min_length=1, max_length=320)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=1024)]


class _Body(BaseModel):
    # Values are secrets: keep them out of error messages and representations.
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class Login(_Body):
    """Email address and password."""

    email: Email = Field(examples=["admin@localhost.test"])
    password: Secret = Field(repr=False, examples=["a long passphrase of your own"])
    device_token: Secret | None = Field(
        default=None,
        repr=False,
        description="`device_token` of the last login on this device. Browsers send a cookie.",
    )


class Refresh(_Body):
    """A refresh token."""

    refresh_token: Secret = Field(repr=False)


class PasswordChange(_Body):
    """The current and the new password."""

    current_password: Secret = Field(repr=False, examples=["a long passphrase of your own"])
    new_password: Secret = Field(
        repr=False,
        examples=["another passphrase, as long"],
        # Documented only: the password rules count characters after normalization.
        json_schema_extra={"minLength": SHORTEST, "maxLength": LONGEST},
    )


class Tokens(BaseModel):
    """An access token, valid for ten minutes, and a refresh token, valid once."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the scheme's name
    expires_in: int = Field(description="Seconds until the access token expires.")


class LoggedIn(Tokens):
    """Tokens, and a token that identifies this device at its next login."""

    device_token: str = Field(
        description="Keep it for 30 days and send it at the next login of this account. A known"
        " device can log in even if failed logins of others have used up the limit of its"
        " address. It is also set as a cookie."
    )


class Ticket(BaseModel):
    """A ticket that opens one WebSocket connection."""

    ticket: str
    expires_in: int = Field(description="Seconds until the ticket expires.")


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
"""OpenAPI content of the caller's account."""

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
