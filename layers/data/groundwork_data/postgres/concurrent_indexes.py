"""Build and drop indexes of large tables in migrations without blocking writes.

A revision that uses these functions must do nothing else: they cannot run in a transaction, so
statements before them are committed even if they fail. The revision can be repeated, because the
remains of an interrupted build are dropped first.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

from groundwork_data.postgres import migrations
from groundwork_data.postgres.identifiers import listed, quoted


def create_index_concurrently(
    name: str,
    table: str,
    columns: Sequence[str | sa.TextClause],
    *,
    unique: bool = False,
    using: str = "btree",
    where: str | None = None,
    include: Sequence[str] = (),
    options: str | None = None,
) -> None:
    """Build an index while the table is read and written.

    Args:
        name: name of the index.
        table: name of the table.
        columns: names of columns, or `sa.text` for an expression with its order.
        unique: whether two rows may not have the same values.
        using: access method, such as `gin`.
        where: condition of a partial index.
        include: further columns to store in the index.
        options: storage parameters, such as `fastupdate = off`.
    """
    keys = ", ".join(quoted(each) if isinstance(each, str) else each.text for each in columns)
    held = listed(include)
    statement = (
        f"CREATE {'UNIQUE ' if unique else ''}INDEX CONCURRENTLY IF NOT EXISTS "
        f"{quoted(name)} ON {quoted(table)} USING {using} ({keys})"
        + (f" INCLUDE ({held})" if held else "")
        + (f" WITH ({options})" if options else "")
        + (f" WHERE {where}" if where else "")
    )
    with _outside_a_transaction():
        op.execute(sa.text(f"DROP INDEX CONCURRENTLY IF EXISTS {quoted(name)}"))
        op.execute(sa.text(statement))


def drop_index_concurrently(name: str) -> None:
    """Drop an index, if it exists, while its table is read and written."""
    with _outside_a_transaction():
        op.execute(sa.text(f"DROP INDEX CONCURRENTLY IF EXISTS {quoted(name)}"))


@contextmanager
def _outside_a_transaction() -> Iterator[None]:
    """Run without a transaction and without time limits.

    A concurrent build blocks neither reads nor writes, so waiting for its lock does no harm.
    """
    with op.get_context().autocommit_block():
        for name in migrations.TIME_LIMITS:
            op.execute(f"SET {name} = 0")
        yield
        for name, value in migrations.TIME_LIMITS.items():
            op.execute(f"SET {name} = '{value}'")
