"""Make searches by `q` ignore case and Unicode normalization forms."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

SEARCHED = {"contents": "title", "documents": "title", "entities": "name", "sources": "name"}


def _index(table: str, column: str, indexed: str) -> None:
    name = f"ix_{table}_{column}_trigrams"
    op.execute(f"DROP INDEX {name}")
    op.execute(f"CREATE INDEX {name} ON {table} USING gin ({indexed} gin_trgm_ops)")


def upgrade() -> None:
    """Index the folded texts."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    for table, column in SEARCHED.items():
        _index(table, column, f"groundwork_fold({column})")


def downgrade() -> None:
    """Index the unchanged texts."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    for table, column in SEARCHED.items():
        _index(table, column, column)
