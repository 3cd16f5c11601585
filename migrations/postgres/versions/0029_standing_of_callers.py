"""Check in the round trip of a write that the caller's rights have not changed."""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

# Each of these rows gets a new version with every change; the key's version is NULL without a key.
STANDING = """
CREATE FUNCTION groundwork_standing(of_user uuid, of_key uuid) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT hashtextextended(concat_ws('/', u.version, k.version, (
        SELECT string_agg(r.id || ':' || r.version, ',' ORDER BY r.id)
        FROM roles r WHERE r.name = ANY (u.roles))), 0)::text
    FROM users u LEFT JOIN api_keys k ON k.id = of_key WHERE u.id = of_user
$$
"""
ACT_AS = """
CREATE FUNCTION groundwork_act_as(said text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    told jsonb := said::jsonb;
BEGIN
    IF told ? 'standing' AND told ->> 'standing' IS DISTINCT FROM
        groundwork_standing((told ->> 'actor_id')::uuid, (told ->> 'key_id')::uuid)
    THEN
        RAISE EXCEPTION 'the caller''s rights have changed' USING ERRCODE = 'GW401';
    END IF;
    RETURN set_config('groundwork.actor', said, true);
END $$
"""


def upgrade() -> None:
    op.execute(STANDING)
    op.execute(ACT_AS)


def downgrade() -> None:
    op.execute("DROP FUNCTION groundwork_act_as(text)")
    op.execute("DROP FUNCTION groundwork_standing(uuid, uuid)")
