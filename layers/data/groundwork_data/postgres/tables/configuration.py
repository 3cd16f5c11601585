"""Settings: configurations of the instance and preferences of users."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from groundwork_core.configuration.preference_schema import SCHEMA_BYTES_MAX
from groundwork_data.postgres.tables.bounds import json_bound
from groundwork_data.postgres.tables.links import parent
from groundwork_data.postgres.tables.row import Aggregate, Row

if TYPE_CHECKING:
    from groundwork_data.postgres.tables.identity import User


class Configuration(Aggregate, Row):
    """A setting of the instance."""

    __tablename__ = "configurations"
    __table_args__ = (
        CheckConstraint("length(key) BETWEEN 1 AND 200", name="key"),
        CheckConstraint("length(description) <= 2000", name="description"),
        json_bound("value"),
        Index("uq_configurations_key", "key", unique=True),
        Index("ix_configurations_key_id", "key", "id"),
    )
    key: Mapped[str]
    value: Mapped[JsonValue] = mapped_column(JSONB, nullable=True)
    """Any JSON; JSON null is stored as SQL NULL."""
    description: Mapped[str] = mapped_column(server_default="")


class PreferenceSchema(Aggregate, Row):
    """The JSON Schema that values of a preference key must match."""

    __tablename__ = "preference_schemas"
    __table_args__ = (
        CheckConstraint("length(key) BETWEEN 1 AND 200", name="key"),
        json_bound("schema", SCHEMA_BYTES_MAX),
        Index("uq_preference_schemas_key", "key", unique=True),
    )
    key: Mapped[str]
    schema: Mapped[JsonValue] = mapped_column(JSONB, nullable=False)
    """JSON Schema, draft 2020-12; `groundwork_core.configuration.preference_schema` bounds it."""


class Preference(Aggregate, Row):
    """A setting of one user."""

    __tablename__ = "preferences"
    __table_args__ = (
        CheckConstraint("length(key) BETWEEN 1 AND 200", name="key"),
        json_bound("value"),
        # The key is first, because a conflict names the first column.
        Index("uq_preferences_key", "key", "user_id", unique=True),
        Index("ix_preferences_key_id", "key", "id"),
        Index("ix_preferences_user_id_id", "user_id", "id"),
    )
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    key: Mapped[str]
    value: Mapped[JsonValue] = mapped_column(JSONB, nullable=True)

    user: Mapped[User] = parent("preferences")
