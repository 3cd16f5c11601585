"""Name the survivor in the error of a key that was merged into another entity."""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

NEW_KEYS = """
CREATE OR REPLACE FUNCTION groundwork_refuse_merged_keys() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    taken record;
BEGIN
    SELECT m.key, m.into_id INTO taken FROM new_rows n
        JOIN merged_entities m ON m.key = n.key AND m.type = n.type LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'this key leads to another entity' USING ERRCODE = 'unique_violation',
            DETAIL = format('Key (key, type)=(%s) belongs to one that was merged.', taken.key)
            {hint};
    END IF;
    RETURN NULL;
END $$
"""
CHANGED_KEY = """
CREATE OR REPLACE FUNCTION groundwork_refuse_merged_key() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    taken record;
BEGIN
    SELECT m.key, m.into_id INTO taken FROM merged_entities m
        WHERE m.key = NEW.key AND m.type = NEW.type;
    IF FOUND THEN
        RAISE EXCEPTION 'this key leads to another entity' USING ERRCODE = 'unique_violation',
            DETAIL = format('Key (key, type)=(%s) belongs to one that was merged.', taken.key)
            {hint};
    END IF;
    RETURN NULL;
END $$
"""
HINT = ", HINT = format('This key leads to %s, which took its entity in.', taken.into_id)"


def upgrade() -> None:
    """Name the survivor in the hint, which becomes the detail of the 409."""
    for function in (NEW_KEYS, CHANGED_KEY):
        op.execute(function.format(hint=HINT))


def downgrade() -> None:
    """Restore the function without the hint."""
    for function in (NEW_KEYS, CHANGED_KEY):
        op.execute(function.format(hint=""))
