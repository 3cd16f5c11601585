"""Create API keys, and triggers that guard accounts and roles."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# Serialized: if two transactions each remove what the other one relies on, the second must see the
# changes of the first.
KEEP_AN_ADMIN = """
CREATE FUNCTION groundwork_keep_an_admin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('groundwork.keep_an_admin'));
    IF NOT EXISTS (SELECT FROM users WHERE status = 'active' AND 'admin' = ANY(roles)) THEN
        RAISE EXCEPTION 'The last active admin cannot be removed, demoted or disabled.'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$
"""

# In place of a foreign key, which arrays cannot have: KEY SHARE keeps the role from being deleted.
ROLES_EXIST = """
CREATE FUNCTION groundwork_roles_exist() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY(SELECT DISTINCT r FROM unnest(NEW.roles) r ORDER BY r) LOOP
        IF TG_OP = 'UPDATE' AND wanted = ANY(OLD.roles) THEN
            CONTINUE;
        END IF;
        PERFORM FROM roles WHERE name = wanted FOR KEY SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'There is no role %.', wanted USING
                ERRCODE = 'foreign_key_violation',
                DETAIL = format('Key (roles)=(%s) is not present in table "roles".', wanted);
        END IF;
    END LOOP;
    RETURN NEW;
END $$
"""
BUILTIN_ROLES_STAY = """
CREATE FUNCTION groundwork_builtin_roles_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('groundwork.change_builtin_roles', true) IS DISTINCT FROM 'on' THEN
        RAISE EXCEPTION 'Built-in roles cannot be changed or removed; make a role of your own.'
            USING ERRCODE = 'restrict_violation',
            HINT = 'A migration says: SET LOCAL groundwork.change_builtin_roles = on';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$
"""
USED_ROLES_STAY = """
CREATE FUNCTION groundwork_used_roles_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM users WHERE roles @> ARRAY[OLD.name]) THEN
        RAISE EXCEPTION 'Accounts have this role; take it from them first.'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$
"""
FUNCTIONS = {
    "groundwork_keep_an_admin": KEEP_AN_ADMIN,
    "groundwork_roles_exist": ROLES_EXIST,
    "groundwork_builtin_roles_stay": BUILTIN_ROLES_STAY,
    "groundwork_used_roles_stay": USED_ROLES_STAY,
}

WAS_ADMIN = "OLD.status = 'active' AND 'admin' = ANY(OLD.roles)"
IS_ADMIN = "NEW.status = 'active' AND 'admin' = ANY(NEW.roles)"
TRIGGERS = (
    ("users", "keep_an_admin", f"AFTER UPDATE ON users FOR EACH ROW"
     f" WHEN ({WAS_ADMIN} AND NOT ({IS_ADMIN}))"),
    ("users", "keep_an_admin_at_all", f"AFTER DELETE ON users FOR EACH ROW WHEN ({WAS_ADMIN})"),
    ("users", "roles_exist", "BEFORE INSERT OR UPDATE OF roles ON users FOR EACH ROW"),
    ("roles", "builtin_roles_stay",
     "BEFORE UPDATE OR DELETE ON roles FOR EACH ROW WHEN (OLD.builtin)"),
    ("roles", "used_roles_stay", "AFTER DELETE ON roles FOR EACH ROW"),
    ("roles", "used_roles_keep_their_names",
     "AFTER UPDATE OF name ON roles FOR EACH ROW WHEN (OLD.name <> NEW.name)"),
)  # fmt: skip
ACTS = {
    "keep_an_admin_at_all": "groundwork_keep_an_admin",
    "used_roles_keep_their_names": "groundwork_used_roles_stay",
}
SOCKETS = ("socket_tickets", "socket_connections")


def upgrade() -> None:
    """Create tables, guards and triggers."""
    _tables()
    op.execute("SELECT groundwork_make_aggregate('api_keys', '{key_hash}')")
    op.execute("SELECT groundwork_audit('api_keys', '{key_hash}')")
    for table in SOCKETS:
        # No foreign key: a socket exists after its key was deleted until the relay closes it.
        op.add_column(table, sa.Column("api_key_id", sa.Uuid(), nullable=True))
    op.create_index("ix_users_roles", "users", ["roles"], postgresql_using="gin")
    for statement in FUNCTIONS.values():
        op.execute(statement)
    for _table, name, when in TRIGGERS:
        function = ACTS.get(name, f"groundwork_{name}")
        op.execute(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION {function}()")


def _tables() -> None:
    now = sa.text("now()")
    op.create_table(
        "api_keys",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=now, nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=now, nullable=False),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 200", name="ck_api_keys_name"),
        sa.CheckConstraint("cardinality(scopes) > 0", name="ck_api_keys_scopes"),
        sa.CheckConstraint("length(prefix) = 12", name="ck_api_keys_prefix"),
        sa.CheckConstraint("octet_length(key_hash) = 32", name="ck_api_keys_key_hash"),
        sa.CheckConstraint("expires_at > created_at", name="ck_api_keys_expires_at"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_api_keys_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
    )
    op.create_index("uq_api_keys_key_hash", "api_keys", ["key_hash"], unique=True)
    op.create_index("ix_api_keys_user_id_id", "api_keys", ["user_id", "id"])
    op.create_index("ix_api_keys_user_id_name_id", "api_keys", ["user_id", "name", "id"])
    op.create_table(
        "api_key_uses",
        sa.Column("api_key_id", sa.Uuid(), nullable=False),
        sa.Column("last_used_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["api_key_id"], ["api_keys.id"], name="fk_api_key_uses_api_key_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("api_key_id", name="pk_api_key_uses"),
    )


def downgrade() -> None:
    """Drop them."""
    for table, name, _when in TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON {table}")
    for name in FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}()")
    op.drop_index("ix_users_roles", "users")
    for table in SOCKETS:
        op.drop_column(table, "api_key_id")
    op.drop_table("api_key_uses")
    op.drop_table("api_keys")
