"""Relationships between the models. Foreign keys decide what a deletion takes along."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy.orm import Mapped, relationship


def parent(
    back_populates: str, foreign_key: str | None = None, *, remote_side: str | None = None
) -> Mapped[Any]:
    """Return the row that a foreign key of this row names.

    Args:
        back_populates: The attribute of the other model.
        foreign_key: `Model.column`, where more than one leads there.
        remote_side: `Model.column` of the other row, in a table that refers to itself.
    """
    return relationship(
        back_populates=back_populates, foreign_keys=foreign_key, remote_side=remote_side
    )


def children(
    back_populates: str, foreign_key: str | None = None, *, order_by: str | Literal[False] = False
) -> Mapped[Any]:
    """Return the rows that name this one; the database deletes or clears them with it."""
    return relationship(
        back_populates=back_populates,
        foreign_keys=foreign_key,
        passive_deletes="all",
        order_by=order_by,
    )


def shown(back_populates: str) -> Mapped[Any]:
    """Return rows by a generated column: to read, not to assign."""
    return relationship(back_populates=back_populates, viewonly=True)
