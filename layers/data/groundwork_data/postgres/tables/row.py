"""Base classes of all tables: the registry, and the columns of an aggregate."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import TIMESTAMP, BigInteger, FetchedValue, FromClause, Index, MetaData, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column
from sqlalchemy.types import Text

type_map = {str: Text(), datetime: TIMESTAMP(timezone=True), dict: JSONB()}


class Row(DeclarativeBase):
    """A row of any table. Error messages rely on the naming convention of constraints."""

    type_annotation_map = type_map
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Aggregate:
    """Columns of every aggregate; triggers update `version`, `updated_at` and the outbox.

    Lists are sorted by both times, so both have an index. An update through the ORM names the
    version that it read; if the row has another version by then, it raises StaleDataError.
    """

    __table__: ClassVar[FromClause]

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    version: Mapped[int] = mapped_column(
        BigInteger, server_default=text("1"), server_onupdate=FetchedValue()
    )
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(
        server_default=text("now()"), server_onupdate=FetchedValue()
    )

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805 - the class, as SQLAlchemy calls it
        """Compare versions at each update; the trigger sets the new version."""
        return {"version_id_col": cls.version, "version_id_generator": False}

    def __init_subclass__(cls) -> None:
        """Add indexes for both times of a subclass's table."""
        super().__init_subclass__()
        table = cls.__table__
        for name in ("created_at", "updated_at"):
            Index(f"ix_{table.description}_{name}_id", table.c[name], table.c.id)
