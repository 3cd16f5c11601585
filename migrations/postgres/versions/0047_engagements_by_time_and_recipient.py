"""Index engagements by distribution and time, and clicks by recipient."""

from groundwork_data.postgres.concurrent_indexes import (
    create_index_concurrently,
    drop_index_concurrently,
)

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_index_concurrently(
        "ix_engagements_distribution_id_occurred_at",
        "engagements",
        ["distribution_id", "occurred_at"],
    )
    create_index_concurrently(
        "ix_engagements_recipient",
        "engagements",
        ["recipient", "distribution_id", "occurred_at"],
        where="link IS NOT NULL",
    )


def downgrade() -> None:
    drop_index_concurrently("ix_engagements_recipient")
    drop_index_concurrently("ix_engagements_distribution_id_occurred_at")
