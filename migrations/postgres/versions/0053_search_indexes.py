"""Index the search vectors of documents and contents."""

from groundwork_data.postgres.concurrent_indexes import (
    create_index_concurrently,
    drop_index_concurrently,
)

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

TABLES = ("documents", "contents")


def upgrade() -> None:
    for table in TABLES:
        create_index_concurrently(f"ix_{table}_search", table, ["search"], using="gin")


def downgrade() -> None:
    for table in TABLES:
        drop_index_concurrently(f"ix_{table}_search")
