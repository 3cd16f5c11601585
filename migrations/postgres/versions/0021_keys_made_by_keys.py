"""Link API keys to the key that made them: revoked with it, never with more scopes."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

# The maker is locked, so that creating a child and revoking its maker are serialized. FOR NO KEY
# UPDATE, so that children of one maker are counted one after the other.
WITHIN_MAKER = """
CREATE FUNCTION groundwork_keep_api_key_within_maker() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    maker api_keys;
    generations int;
BEGIN
    SELECT * INTO maker FROM api_keys WHERE id = NEW.parent_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN NEW;  -- the foreign key says so
    END IF;
    IF maker.user_id <> NEW.user_id THEN
        RAISE EXCEPTION 'another user''s key' USING ERRCODE = 'check_violation',
            TABLE = 'api_keys', CONSTRAINT = 'ck_api_keys_parent_id',
            HINT = 'must be a key of the same user';
    END IF;
    IF NOT NEW.scopes <@ maker.scopes THEN
        RAISE EXCEPTION 'more than its maker' USING ERRCODE = 'check_violation',
            TABLE = 'api_keys', CONSTRAINT = 'ck_api_keys_scopes',
            HINT = 'has a scope that the key that made it lacks';
    END IF;
    IF coalesce(NEW.expires_at, 'infinity') > coalesce(maker.expires_at, 'infinity') THEN
        RAISE EXCEPTION 'longer than its maker' USING ERRCODE = 'check_violation',
            TABLE = 'api_keys', CONSTRAINT = 'ck_api_keys_expires_at',
            HINT = 'is later than that of the key that made it';
    END IF;
    IF maker.revoked_at IS NOT NULL AND NEW.revoked_at IS NULL THEN
        RAISE EXCEPTION 'The key that made it has been revoked.'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'INSERT' THEN
        WITH RECURSIVE makers AS (
            SELECT maker.id AS id, maker.parent_id AS parent_id
            UNION ALL
            SELECT k.id, k.parent_id FROM api_keys k JOIN makers m ON k.id = m.parent_id
        )
        SELECT count(*) INTO generations FROM makers;
        IF generations >= 5 THEN
            RAISE EXCEPTION 'Keys are made by keys for at most 5 generations.'
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF (SELECT count(*) FROM api_keys WHERE parent_id = NEW.parent_id
                AND revoked_at IS NULL AND coalesce(expires_at > now(), true)) >= 100 THEN
            RAISE EXCEPTION 'This key has made 100 keys that still hold; end some of them first.'
                USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$
"""
# Updating children fires the same trigger for their children: five generations at most.
CHILDREN_FOLLOW = """
CREATE FUNCTION groundwork_narrow_api_keys_made_by() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE api_keys c SET
        scopes = CASE WHEN c.scopes && NEW.scopes
            THEN ARRAY(SELECT s FROM unnest(c.scopes) s WHERE s = ANY(NEW.scopes) ORDER BY s)
            ELSE NEW.scopes END,
        expires_at = least(c.expires_at, NEW.expires_at),
        revoked_at = coalesce(c.revoked_at, NEW.revoked_at,
            CASE WHEN NOT c.scopes && NEW.scopes THEN clock_timestamp() END)
    WHERE c.parent_id = NEW.id AND (
        NOT c.scopes <@ NEW.scopes
        OR coalesce(c.expires_at, 'infinity') > coalesce(NEW.expires_at, 'infinity')
        OR c.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL);
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    """Add the column of the maker, and the two triggers that restrict a key to its maker."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.add_column("api_keys", sa.Column("parent_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        "fk_api_keys_parent_id", "api_keys", "api_keys", ["parent_id"], ["id"], ondelete="CASCADE"
    )
    op.create_index("ix_api_keys_parent_id", "api_keys", ["parent_id"])
    op.execute(WITHIN_MAKER)
    op.execute(CHILDREN_FOLLOW)
    op.execute(
        "CREATE TRIGGER keep_within_maker BEFORE INSERT"
        " OR UPDATE OF scopes, expires_at, revoked_at, parent_id, user_id ON api_keys FOR EACH ROW"
        " WHEN (NEW.parent_id IS NOT NULL) EXECUTE FUNCTION groundwork_keep_api_key_within_maker()"
    )
    op.execute(
        "CREATE TRIGGER narrow_keys_made_by AFTER UPDATE OF scopes, expires_at, revoked_at"
        " ON api_keys FOR EACH ROW EXECUTE FUNCTION groundwork_narrow_api_keys_made_by()"
    )


def downgrade() -> None:
    """Drop both triggers and the column. Keys that were made by keys are kept."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.execute("DROP TRIGGER narrow_keys_made_by ON api_keys")
    op.execute("DROP TRIGGER keep_within_maker ON api_keys")
    op.execute("DROP FUNCTION groundwork_narrow_api_keys_made_by()")
    op.execute("DROP FUNCTION groundwork_keep_api_key_within_maker()")
    op.drop_column("api_keys", "parent_id")
