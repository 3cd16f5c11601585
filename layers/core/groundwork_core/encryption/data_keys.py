"""Data keys encrypt secrets in the database. The newest one encrypts; all of them decrypt."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from groundwork_core.ids import new_id

KEY_BYTES = 32
KEPT_AFTER_REPLACEMENT = timedelta(minutes=10)
"""Least retention of a replaced key: longer than any function encrypts with it."""


class DataKey(BaseModel):
    """One key of AES-256 with its id."""

    model_config = ConfigDict(frozen=True)

    kid: str = Field(pattern=r"^[0-9a-f-]{36}$")
    key: str = Field(repr=False)
    created_at: AwareDatetime

    @field_validator("key")
    @classmethod
    def _of_the_right_length(cls, value: str) -> str:
        try:
            size = len(base64.b64decode(value, validate=True))
        except binascii.Error:
            size = 0
        if size != KEY_BYTES:
            message = f"is not {KEY_BYTES} bytes in base64"
            raise ValueError(message)
        return value

    @property
    def raw(self) -> bytes:
        """The bytes of the key."""
        return base64.b64decode(self.key)


class DataKeys(BaseModel):
    """All data keys, oldest first. They are stored together as one secret of the secret store."""

    model_config = ConfigDict(frozen=True)

    keys: tuple[DataKey, ...] = Field(min_length=1)

    @classmethod
    def parse(cls, text: str) -> DataKeys:
        """Parse the secret's text. Raises ValueError with a message that reveals nothing of it."""
        try:
            return cls.model_validate_json(text)
        except ValidationError:
            message = "the secret with the data keys is malformed"
            raise ValueError(message) from None

    @property
    def text(self) -> str:
        """Return the text for the secret store."""
        return self.model_dump_json()

    @property
    def current(self) -> DataKey:
        """The key that encrypts."""
        return self.keys[-1]

    def find(self, kid: str) -> DataKey | None:
        """Return a key by its id."""
        return next((one for one in self.keys if one.kid == kid), None)

    def with_new(self, now: datetime) -> DataKeys:
        """Return these keys and a new one, which encrypts from now on."""
        return DataKeys(keys=(*self.keys, new_data_key(now)))

    def removable(self, used: Collection[str], now: datetime) -> tuple[str, ...]:
        """Return the ids of keys that no secret uses and that were replaced long enough ago.

        `used` has the ids of keys that encrypt a stored secret.
        """
        return tuple(
            old.kid
            for old, successor in zip(self.keys, self.keys[1:], strict=False)
            if old.kid not in used and successor.created_at <= now - KEPT_AFTER_REPLACEMENT
        )

    def without(self, kids: Collection[str]) -> DataKeys:
        """Return the data keys without those with the ids `kids`."""
        return DataKeys(keys=tuple(one for one in self.keys if one.kid not in kids))


def new_data_key(now: datetime) -> DataKey:
    """Generate a key."""
    key = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    return DataKey(kid=str(new_id()), key=key, created_at=now)
