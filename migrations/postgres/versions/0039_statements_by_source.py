"""Index the statements about an entity by source, and drop the index that this replaces."""

import sqlalchemy as sa

from groundwork_data.postgres.concurrent_indexes import (
    create_index_concurrently,
    drop_index_concurrently,
)

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_index_concurrently(
        "ix_mentions_entity_source",
        "mentions",
        ["entity_id", "source_id", sa.text("subject_confidence DESC")],
    )
    drop_index_concurrently("ix_mentions_entity_id")


def downgrade() -> None:
    create_index_concurrently("ix_mentions_entity_id", "mentions", ["entity_id"])
    drop_index_concurrently("ix_mentions_entity_source")
