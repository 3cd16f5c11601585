"""An entity's relationships in the order in which pages show them, whatever the entity's size."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# What questions filter is included, so that what a filter refuses costs no look at the table.
# The second also finds what refers to an entity, as the index that it replaces did.
INDEXES = {
    "ix_relationships_from_id_order": ("from_id", "to_id"),
    "ix_relationships_to_id_order": ("to_id", "from_id"),
}


def upgrade() -> None:
    """Create the indexes; take away what they make superfluous."""
    for name, (end, other) in INDEXES.items():
        op.execute(
            f"CREATE INDEX {name} ON relationships ({end}, confidence DESC, id)"
            f" INCLUDE ({other}, type, valid_from, valid_to)"
        )
    op.execute("DROP INDEX ix_relationships_to_id")


def downgrade() -> None:
    """Go back to the index on to_id."""
    op.execute("CREATE INDEX ix_relationships_to_id ON relationships (to_id)")
    for name in INDEXES:
        op.execute(f"DROP INDEX {name}")
