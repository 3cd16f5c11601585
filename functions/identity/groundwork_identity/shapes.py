"""What clients send to identity, and what they get."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Email = Annotated[str, StringConstraints(min_length=1, max_length=320)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=1024)]


class _Body(BaseModel):
    # Values are secrets: they stand in no message and no representation.
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class Login(_Body):
    """Address and password."""

    email: Email = Field(examples=["admin@localhost.test"])
    password: Secret = Field(repr=False, examples=["a long passphrase of your own"])


class Refresh(_Body):
    """A refresh token."""

    refresh_token: Secret = Field(repr=False)


class PasswordChange(_Body):
    """The present password and the one to come."""

    current_password: Secret = Field(repr=False)
    new_password: Secret = Field(repr=False)


class Tokens(BaseModel):
    """An access token for ten minutes, and a refresh token that gets the next pair, once."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the scheme's name
    expires_in: int = Field(description="Seconds that the access token holds.")


class Ticket(BaseModel):
    """Opens one WebSocket, once."""

    ticket: str
    expires_in: int = Field(description="Seconds that the ticket holds.")
