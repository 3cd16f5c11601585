"""Index an entity's relationships in the order of pages, also for hubs."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# Filtered columns are included, so that a row that a filter rejects is not read from the table.
# The second index also serves the foreign key, as the index did that it replaces.
INDEXES = {
    "ix_relationships_from_id_order": ("from_id", "to_id"),
    "ix_relationships_to_id_order": ("to_id", "from_id"),
}


def upgrade() -> None:
    """Create the indexes, and drop those that they replace."""
    for name, (end, other) in INDEXES.items():
        op.execute(
            f"CREATE INDEX {name} ON relationships ({end}, confidence DESC, id)"
            f" INCLUDE ({other}, type, valid_from, valid_to)"
        )
    op.execute("DROP INDEX ix_relationships_to_id")


def downgrade() -> None:
    """Restore the index on to_id."""
    op.execute("CREATE INDEX ix_relationships_to_id ON relationships (to_id)")
    for name in INDEXES:
        op.execute(f"DROP INDEX {name}")
