"""Store URLs of sources in normal form, each only once."""

import sqlalchemy as sa
from alembic import op
from pydantic_core import Url

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

MAX_URL = 2_048
BEFORE = "url ~* '^https?://' AND length(url) <= 2048"
# No user info, no upper case in the host, a path, no fragment, no spaces: the normal form of core.
NORMAL = (
    "url ~ '^https?://[^/?#@A-Z[:space:][:cntrl:]]+/[^#[:space:][:cntrl:]]*$'"
    " AND length(url) <= 2048"
)
# If both sources have an entry, the kept source's document stays and the other one is deleted.
MOVE_DOCUMENTS = """
UPDATE documents moved SET source_id = :kept
WHERE moved.source_id = :double AND NOT EXISTS (
    SELECT FROM documents there
    WHERE there.source_id = :kept AND there.external_id = moved.external_id)
"""
JOIN_TAGS = """
UPDATE sources kept SET tags = (
    SELECT array_agg(DISTINCT tag) FROM unnest(kept.tags || double.tags) AS tag)
FROM sources double
WHERE kept.id = :kept AND double.id = :double AND NOT kept.tags @> double.tags
"""
COUNT_DOCUMENTS = """
UPDATE source_states SET documents = (SELECT count(*) FROM documents WHERE source_id = :kept)
WHERE source_id = :kept
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    connection = op.get_bind()
    found = connection.execute(
        sa.text("SELECT id, url FROM sources ORDER BY NOT enabled, created_at, id")
    ).all()
    kept: dict[str, object] = {}
    for source_id, url in found:
        address = _normal(url)
        if address not in kept:
            kept[address] = source_id
            continue
        both = {"kept": kept[address], "double": source_id}
        for statement in (MOVE_DOCUMENTS, JOIN_TAGS):
            connection.execute(sa.text(statement), both)
        connection.execute(sa.text("DELETE FROM sources WHERE id = :double"), both)
        connection.execute(sa.text(COUNT_DOCUMENTS), both)
    before = dict(found)
    for address, source_id in kept.items():
        if before[source_id] != address:
            connection.execute(
                sa.text("UPDATE sources SET url = :url WHERE id = :id"),
                {"url": address, "id": source_id},
            )
    _rule(NORMAL)


def downgrade() -> None:
    """Restore the older rule; URLs stay as they are, because they satisfy it."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    _rule(BEFORE)


def _rule(condition: str) -> None:
    op.execute("ALTER TABLE sources DROP CONSTRAINT ck_sources_url")
    op.execute(f"ALTER TABLE sources ADD CONSTRAINT ck_sources_url CHECK ({condition})")


def _normal(url: str) -> str:
    """Return a URL as `groundwork_core.web.address.normal` did at the time of this migration.

    User info is removed. A URL that can never be fetched is changed to satisfy the rule; its polls
    continue to fail until its owner corrects it.
    """
    text = "".join(c for c in url.strip() if c.isprintable())
    try:
        parsed = Url(text)
        host = (parsed.host or "").rstrip(".")
        default = {"http": 80, "https": 443}[parsed.scheme]
        port = "" if parsed.port in (None, default) else f":{parsed.port}"
        query = "" if parsed.query is None else f"?{parsed.query}"
        address = f"{parsed.scheme}://{host}{port}{parsed.path or '/'}{query}"
        if host and len(address) <= MAX_URL:
            return address
    except (ValueError, KeyError):
        pass
    scheme, _, rest = text.partition("#")[0].replace(" ", "%20").partition("://")
    host, slash, path = rest.partition("/")
    host = host.rpartition("@")[2].replace("?", "").lower() or "unknown.invalid"
    return f"{scheme.lower()}://{host}{slash or '/'}{path}"[:MAX_URL]
