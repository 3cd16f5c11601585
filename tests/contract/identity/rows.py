"""Rows of accounts, roles, keys and tokens for the tests of this folder."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from groundwork_core.identity.model import RefreshToken, UserRow

from ..work import Work

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


def add_user(work: Work, email: str = "ada@example.org", *roles: str) -> UUID:
    with work:
        return work.users.add(UserRow(email, "Ada", roles or ("viewer",), "hash"))


def token(user_id: UUID, token_hash: bytes = b"t" * 32, **fields: Any) -> RefreshToken:
    return RefreshToken(
        **{
            "id": uuid4(),
            "family_id": uuid4(),
            "user_id": user_id,
            "token_hash": token_hash,
            "issued_at": NOW,
            "expires_at": LATER,
            **fields,
        }
    )
