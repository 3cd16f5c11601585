"""Marks of documents: hash, cluster and detected language."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from groundwork_data.postgres.tables.links import parent
from groundwork_data.postgres.tables.row import Row

if TYPE_CHECKING:
    from groundwork_data.postgres.tables.documents import Document

BANDS = tuple(f"band_{number}" for number in range(6))


class DocumentMark(Row):
    """The result of comparing a document.

    Triggers create the row, and empty it at each revision.
    """

    __tablename__ = "document_marks"
    __table_args__ = (
        CheckConstraint("length(language) <= 10", name="language"),
        Index(
            "ix_document_marks_waiting", "document_id", postgresql_where=text("cluster_id IS NULL")
        ),
        Index("ix_document_marks_cluster_id", "cluster_id", "document_id"),
        *(
            Index(f"ix_document_marks_{band}", band, postgresql_where=text(f"{band} IS NOT NULL"))
            for band in BANDS
        ),
    )
    document_id: Mapped[UUID] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
    )
    cluster_id: Mapped[UUID | None]
    """The id of the document that the cluster began with; null: to be compared."""
    simhash: Mapped[int | None] = mapped_column(BigInteger)
    band_0: Mapped[int | None] = mapped_column(BigInteger)
    band_1: Mapped[int | None] = mapped_column(BigInteger)
    band_2: Mapped[int | None] = mapped_column(BigInteger)
    band_3: Mapped[int | None] = mapped_column(BigInteger)
    band_4: Mapped[int | None] = mapped_column(BigInteger)
    band_5: Mapped[int | None] = mapped_column(BigInteger)
    language: Mapped[str | None]
    """Detected; only where the document states none."""

    document: Mapped[Document] = parent("mark")
