"""Deletions that cascade: to parts of the thing, or to things that need their own permission.

The table is that of docs/decisions/0045.
"""

import psycopg
import pytest

from groundwork_core.resources.resource import Resource
from groundwork_functions.rest_api.handler import router
from groundwork_runtime.http.resources import ResourceRoutes

PARTS = {
    "sources": {"documents", "source_states", "source_credentials", "push_subscriptions"},
    "documents": {"document_revisions", "document_marks", "jobs", "mentions", "embeddings"},
    "jobs": {"mentions", "job_attempts", "result_parts"},  # a mention forgets the job, and stays
    "entities": {"mentions", "embeddings", "merged_entities"},
    "relationships": {"mentions"},
    "contents": {"content_versions", "embeddings"},
    "distributions": {
        *("deliveries", "raw_engagements", "engagement_sums", "distribution_handovers"),
    },
    "schedules": {"schedule_states", "schedule_runs"},
    "schedule_runs": {"running_exports"},
    "publishers": {"publisher_secrets", "publisher_callbacks"},
    "webhooks": {"webhook_secrets", "webhook_states", "webhook_messages", "webhook_attempts"},
    # A webhook forgets its owner, and stays without the right to read anything.
    "users": {
        "webhooks",
        "api_keys",
        "preferences",
        "refresh_tokens",
        "socket_tickets",
        "socket_connections",
    },
    "api_keys": {"api_keys", "api_key_uses"},
}
FOLLOWING = """
SELECT confrelid::regclass::text, conrelid::regclass::text FROM pg_constraint
WHERE contype = 'f' AND confdeltype IN ('c', 'n', 'd') AND conparentid = 0
"""


def resources() -> dict[str, Resource]:
    """Every resource that is served, by its table."""
    routes = (getattr(operation.handler, "__self__", None) for operation in router.operations)
    found = {one.resource for one in routes if isinstance(one, ResourceRoutes)}
    return {resource.name.replace("-", "_"): resource for resource in found}


def undecided(url: str) -> set[tuple[str, str]]:
    """Return what goes with what, without anybody having said that it may."""
    served = resources()
    with psycopg.connect(url) as connection:
        following = connection.execute(FOLLOWING).fetchall()
    found = set()
    for whole, part in following:
        resource = served.get(whole)
        asked = resource.removes if resource else ()
        if part not in PARTS.get(whole, set()) and part.replace("_", "-") not in asked:
            found.add((whole, part))
    return found


def test_a_cascade_deletes_parts_or_needs_a_permission(database_url: str) -> None:
    assert undecided(database_url) == set()
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "ALTER TABLE contents ADD COLUMN role_id uuid REFERENCES roles ON DELETE CASCADE"
        )
    assert undecided(database_url) == {("roles", "contents")}


@pytest.mark.parametrize("name", ["entities"])
def test_a_removal_needs_the_permissions_for_all_rows_that_it_removes(name: str) -> None:
    resource = resources()[name]
    (removal,) = (
        one
        for one in router.operations
        if one.method == "DELETE" and one.path == f"/api/v1/{name}/<{resource.id_name}>"
    )
    assert removal.permissions == ("entities:write", "relationships:write")
