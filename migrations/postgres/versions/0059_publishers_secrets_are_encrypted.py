"""Secrets of publishers are stored encrypted, in a table of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None

ENCRYPTED = "{0} ~ '^gw1[.][0-9a-f-]{{36}}[.][A-Za-z0-9_=-]+$' AND octet_length({0}) <= 2000"
SQUAWK_IGNORED = {"ban-drop-not-null": "no release has read publishers.secret"}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "publisher_secrets",
        sa.Column("publisher_id", sa.Uuid(), nullable=False),
        sa.Column("encrypted", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text()),
        sa.Column("previous_until", sa.TIMESTAMP(timezone=True)),
        sa.CheckConstraint(ENCRYPTED.format("encrypted"), name="encrypted"),
        sa.CheckConstraint(ENCRYPTED.format("previous"), name="previous"),
        sa.CheckConstraint("(previous IS NULL) = (previous_until IS NULL)", name="previous_until"),
        sa.ForeignKeyConstraint(
            ["publisher_id"],
            ["publishers.id"],
            name="fk_publisher_secrets_publisher_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("publisher_id", name="pk_publisher_secrets"),
    )
    # The data keys are not known here; the API and `groundwork keys re-encrypt` move the secrets.
    op.alter_column("publishers", "secret", nullable=True)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("publisher_secrets")
    op.execute("DELETE FROM publishers WHERE secret IS NULL")  # nobody can verify with these
    op.alter_column("publishers", "secret", nullable=False)
