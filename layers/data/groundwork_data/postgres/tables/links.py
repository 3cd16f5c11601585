"""Relationships between the models. Foreign keys decide which rows a deletion also deletes."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy.orm import Mapped, relationship


def parent(
    back_populates: str, foreign_key: str | None = None, *, remote_side: str | None = None
) -> Mapped[Any]:
    """Return the attribute for the row that a foreign key of this row names.

    Args:
        back_populates: The attribute of the other model.
        foreign_key: `Model.column`, if several foreign keys lead to the other table.
        remote_side: `Model.column` of the other row, in a table that refers to itself.
    """
    return relationship(
        back_populates=back_populates, foreign_keys=foreign_key, remote_side=remote_side
    )


def children(
    back_populates: str, foreign_key: str | None = None, *, order_by: str | Literal[False] = False
) -> Mapped[Any]:
    """Return the attribute for the rows that name this one.

    When this row is deleted, the database deletes them or clears their reference.
    """
    return relationship(
        back_populates=back_populates,
        foreign_keys=foreign_key,
        passive_deletes="all",
        order_by=order_by,
    )


def shown(back_populates: str) -> Mapped[Any]:
    """Return the attribute for rows that a generated column names; it is read-only."""
    return relationship(back_populates=back_populates, viewonly=True)
