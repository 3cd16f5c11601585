"""Index lists so that they read a bounded number of rows; fix doubled constraint names."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# Indexes for filters that had none ending in id, and for one sort.
INDEXES = {
    "ix_api_keys_name_id": "api_keys (name, id)",
    "ix_audit_events_subject_type_id": "audit_events (subject_type, id)",
    "ix_deliveries_recipient_id": "deliveries (recipient, id)",
    "ix_embeddings_subject_type_id": "embeddings (subject_type, id)",
    "ix_relationships_from_id_id": "relationships (from_id, id)",
    "ix_relationships_to_id_id": "relationships (to_id, id)",
    "ix_source_states_status_source_id": "source_states (status, source_id)",
    "ix_sources_enabled_id": "sources (enabled, id)",
    "ix_users_status_id": "users (status, id)",
}

# The naming convention had been applied to complete names: ck_jobs_ck_jobs_kind.
ONCE = """
DO $$ DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT conrelid::regclass AS place, conname AS name, 'ck_' || relname || '_' AS prefix
        FROM pg_constraint JOIN pg_class c ON c.oid = conrelid
        WHERE contype = 'c' AND connamespace = 'public'::regnamespace
    LOOP
        IF starts_with(one.name, one.prefix || one.prefix) THEN
            EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I',
                one.place, one.name, substr(one.name, length(one.prefix) + 1));
        END IF;
    END LOOP;
END $$
"""


def upgrade() -> None:
    for name, columns in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON {columns}")
    op.execute(ONCE)


def downgrade() -> None:
    # Nothing refers to the doubled names.
    for name in INDEXES:
        op.execute(f"DROP INDEX {name}")
