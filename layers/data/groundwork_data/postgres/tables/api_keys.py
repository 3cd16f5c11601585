"""API keys, stored as hashes, and the time of their last use."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from groundwork_data.postgres.tables.links import children, parent
from groundwork_data.postgres.tables.row import Aggregate, Row

if TYPE_CHECKING:
    from groundwork_data.postgres.tables.identity import User


class ApiKey(Aggregate, Row):
    """A key with which a program acts for a user."""

    __tablename__ = "api_keys"
    __table_args__ = (
        CheckConstraint("length(name) BETWEEN 1 AND 200", name="name"),
        CheckConstraint("cardinality(scopes) > 0", name="scopes"),
        CheckConstraint("length(prefix) = 12", name="prefix"),
        CheckConstraint("octet_length(key_hash) = 32", name="key_hash"),
        CheckConstraint("expires_at > created_at", name="expires_at"),
        Index("uq_api_keys_key_hash", "key_hash", unique=True),
        Index("ix_api_keys_name_id", "name", "id"),
        Index("ix_api_keys_parent_id", "parent_id"),
        Index("ix_api_keys_user_id_id", "user_id", "id"),
        Index("ix_api_keys_user_id_name_id", "user_id", "name", "id"),
    )
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    prefix: Mapped[str]
    key_hash: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("api_keys.id", ondelete="CASCADE"))
    """The key that made it, with which it is revoked; null: its user made it with a session."""

    user: Mapped[User] = parent("api_keys")
    maker: Mapped[ApiKey | None] = parent("made", remote_side="ApiKey.id")
    made: Mapped[list[ApiKey]] = children("maker")
    use: Mapped[ApiKeyUse | None] = children("api_key")


class ApiKeyUse(Row):
    """Last use of a key, to the minute. A separate row: a use is not a new version."""

    __tablename__ = "api_key_uses"
    api_key_id: Mapped[UUID] = mapped_column(
        ForeignKey("api_keys.id", ondelete="CASCADE"), primary_key=True
    )
    last_used_at: Mapped[datetime]

    api_key: Mapped[ApiKey] = parent("use")
