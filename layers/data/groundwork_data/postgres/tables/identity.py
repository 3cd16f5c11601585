"""Users, roles, tokens, and the public keys that verify tokens."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from groundwork_data.postgres.tables.links import children, parent
from groundwork_data.postgres.tables.row import Aggregate, Row

if TYPE_CHECKING:
    from groundwork_data.postgres.tables.api_keys import ApiKey
    from groundwork_data.postgres.tables.configuration import Preference
    from groundwork_data.postgres.tables.webhooks import Webhook


class User(Aggregate, Row):
    """A person or a service with an account."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'disabled')", name="status"),
        CheckConstraint(
            "length(email) BETWEEN 3 AND 320 AND position('@' in email) > 1", name="email"
        ),
        CheckConstraint("length(name) <= 200", name="name"),
        CheckConstraint("cardinality(roles) > 0", name="roles"),
        Index("uq_users_email", func.lower(text("email")), unique=True),
        Index("ix_users_email_id", "email", "id"),
        Index("ix_users_status_id", "status", "id"),
        Index("ix_users_roles", "roles", postgresql_using="gin"),
    )
    email: Mapped[str]
    name: Mapped[str] = mapped_column(server_default="")
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    status: Mapped[str] = mapped_column(server_default="active")
    password_hash: Mapped[str | None]
    sessions_valid_from: Mapped[datetime] = mapped_column(server_default=text("now()"))
    """Access and refresh tokens issued before this time are no longer valid."""

    api_keys: Mapped[list[ApiKey]] = children("user")
    preferences: Mapped[list[Preference]] = children("user")
    refresh_tokens: Mapped[list[RefreshToken]] = children("user")
    socket_tickets: Mapped[list[SocketTicket]] = children("user")
    webhooks: Mapped[list[Webhook]] = children("owner")


class Role(Aggregate, Row):
    """A named set of permissions."""

    __tablename__ = "roles"
    __table_args__ = (
        CheckConstraint("name ~ '^[a-z][a-z0-9_-]{1,62}$'", name="name"),
        Index("uq_roles_name", "name", unique=True),
        Index("ix_roles_name_id", "name", "id"),
    )
    name: Mapped[str]
    permissions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    builtin: Mapped[bool] = mapped_column(server_default=text("false"))


class RefreshToken(Row):
    """A refresh token, stored as a hash. A family is one login and its rotated tokens."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (
        Index("uq_refresh_tokens_token_hash", "token_hash", unique=True),
        Index("ix_refresh_tokens_family_id", "family_id"),
        Index("ix_refresh_tokens_user_id", "user_id"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    family_id: Mapped[UUID]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    parent_id: Mapped[UUID | None]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Derives this token from its parent, so that a repeated refresh gets the same token."""
    issued_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    user: Mapped[User] = parent("refresh_tokens")


class SigningKey(Row):
    """The public key of a signing key (a JWK, RFC 7517). The private key is a secret."""

    __tablename__ = "signing_keys"
    kid: Mapped[str] = mapped_column(primary_key=True)
    public_jwk: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    retired_at: Mapped[datetime | None]


class SocketTicket(Row):
    """A ticket that opens one WebSocket once, within 30 seconds."""

    __tablename__ = "socket_tickets"
    ticket_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    permissions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    expires_at: Mapped[datetime]
    api_key_id: Mapped[UUID | None]
    """The API key that requested it."""

    user: Mapped[User] = parent("socket_tickets")


class LoginFailure(Row):
    """Recently failed logins of a subject, which is an account or an address."""

    __tablename__ = "login_failures"
    subject: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    window_ends_at: Mapped[datetime]
