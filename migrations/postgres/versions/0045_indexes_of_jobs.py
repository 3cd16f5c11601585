"""Index waiting jobs by age on an expression, and the leases of queue messages by owner."""

import sqlalchemy as sa

from groundwork_data.postgres.concurrent_indexes import (
    create_index_concurrently,
    drop_index_concurrently,
)

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

WAITING = "status = 'queued' AND not_before IS NULL"


def upgrade() -> None:
    # An expression: the planner else takes the index of all jobs by created_at, and reads through
    # every job that has ended.
    create_index_concurrently(
        "ix_jobs_waiting_since",
        "jobs",
        ["kind", sa.text("(created_at AT TIME ZONE 'UTC')"), "id"],
        where=WAITING,
    )
    create_index_concurrently(
        "ix_jobs_lease_owner",
        "jobs",
        ["lease_owner"],
        where="status = 'leased' AND lease_owner LIKE 'queue:%'",
    )
    drop_index_concurrently("ix_jobs_age")


def downgrade() -> None:
    create_index_concurrently("ix_jobs_age", "jobs", ["kind", "created_at", "id"], where=WAITING)
    drop_index_concurrently("ix_jobs_lease_owner")
    drop_index_concurrently("ix_jobs_waiting_since")
