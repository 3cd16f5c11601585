"""The previous release stores and reads engagements by the name of what is now a partition.

Its statements are copied from the commit in migrations/previous_release.toml.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

import psycopg
import pytest
from psycopg.types.json import Jsonb

from groundwork_core.publishing.rows import EngagementRow
from groundwork_data.postgres.engagements import PostgresEngagements
from groundwork_data.postgres.migrations import migrate

from ....databases import temporary_database

SCRIPTS = Path(__file__).parents[4] / "migrations" / "postgres"
(FIRST,) = (SCRIPTS / "versions").glob("*_first_partition_of_engagements.py")
BEFORE = f"{int(FIRST.name[:4]) - 1:04}"
"""The last revision without partitions."""
INCOMING = """
WITH incoming AS (
    SELECT * FROM jsonb_to_recordset(%s) AS x(
        id uuid, distribution_id uuid, kind text, count bigint, occurred_at timestamptz,
        event_id text, agent text, automated boolean, automated_reason text, recipient text,
        link text)
)"""
KEEP = f"""{INCOMING}, sent AS (
    SELECT id FROM distributions WHERE id IN (SELECT distribution_id FROM incoming)
    ORDER BY id FOR KEY SHARE
)
INSERT INTO engagements
    (id, distribution_id, kind, count, occurred_at, event_id, agent, automated, automated_reason,
    recipient, link)
SELECT i.id, i.distribution_id, i.kind, i.count, coalesce(i.occurred_at, now()),
    i.event_id, i.agent, i.automated, i.automated_reason, i.recipient, i.link
FROM incoming i JOIN sent s ON s.id = i.distribution_id ORDER BY i.id
ON CONFLICT (id) DO NOTHING RETURNING id
"""
THERE = f"""{INCOMING}
SELECT i.id, EXISTS (SELECT FROM distributions d WHERE d.id = i.distribution_id),
    coalesce((e.distribution_id, e.kind, e.count) = (i.distribution_id, i.kind, i.count)
        AND e.occurred_at = coalesce(i.occurred_at, e.occurred_at), false)
FROM incoming i LEFT JOIN engagements e ON e.id = i.id
"""
MARK = """
UPDATE engagements SET automated = true, automated_reason = %s
WHERE id = ANY(%s) AND NOT automated
"""
INSERT = """
INSERT INTO "engagements" AS t ("distribution_id", "kind") SELECT "distribution_id", "kind"
FROM jsonb_populate_record(NULL::"engagements", %s::jsonb) RETURNING t.id, t.version
"""
UPDATE = """
UPDATE "engagements" AS t SET "count" = "p"."count"
FROM jsonb_populate_record(NULL::"engagements", %s::jsonb) p
WHERE t.id = %s AND t.version = %s RETURNING t.version
"""
DELETE = 'DELETE FROM "engagements" t WHERE t.id = %s AND t.version = %s RETURNING t.id'
RAW = """
SELECT distribution_id, b.bucket, date_trunc(b.bucket, occurred_at, 'UTC'), kind, sum(count),
    count(*)
FROM {} CROSS JOIN (VALUES ('hour'), ('day')) b(bucket) GROUP BY 1, 2, 3, 4
"""
SUMS = "SELECT distribution_id, bucket, at, kind, total, engagements FROM engagement_sums"
DISTRIBUTION = """
WITH made AS (INSERT INTO contents (title) VALUES ('On engines') RETURNING id)
INSERT INTO distributions (content_id, channel) SELECT id, 'email' FROM made RETURNING id
"""


class Deployed:
    """A database that the previous release has served, with one distribution."""

    def __init__(self, url: str) -> None:
        self.url = url
        with psycopg.connect(url) as connection:
            connection.execute(
                "INSERT INTO users (email, roles) VALUES ('a@example.org', '{admin}')"
            )
            made = connection.execute(DISTRIBUTION).fetchone()
            assert made is not None
            self.way: UUID = made[0]

    def migrate(self) -> None:
        migrate(self.url, SCRIPTS)

    def item(self, event: str, at: str | None = None, count: int = 1) -> dict[str, Any]:
        return {
            "id": str(uuid5(self.way, event)),
            "distribution_id": str(self.way),
            "kind": "opened",
            "count": count,
            "occurred_at": at,
            "event_id": event,
            "automated": False,
        }

    def kept(self, *items: dict[str, Any]) -> set[UUID]:
        """Store engagements as the previous release does; return the new ones."""
        with psycopg.connect(self.url) as connection:
            return {row[0] for row in connection.execute(KEEP, [Jsonb(items)])}

    def kept_by_us(self, *items: dict[str, Any]) -> list[bool]:
        rows = [
            EngagementRow(
                UUID(one["id"]), self.way, one["kind"], one["count"], None, one["event_id"]
            )
            for one in items
        ]
        with psycopg.connect(self.url) as connection:
            return [one.created for one in PostgresEngagements(connection).keep(rows)]

    def rows(self, sql: str, *given: object) -> list[Any]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(sql, given).fetchall()

    def differs(self, table: str) -> set[Any]:
        return set(self.rows(RAW.format(table))) ^ set(self.rows(SUMS))


@pytest.fixture(scope="module")
def old_template(server_url: str) -> Iterator[str]:
    """The name of a database of the previous release, to make copies of."""
    name = f"gw_old_{uuid4().hex[:12]}"
    with temporary_database(server_url, name) as url:
        migrate(url, SCRIPTS, target=BEFORE)
        yield name


@pytest.fixture
def deployed(server_url: str, old_template: str) -> Iterator[Deployed]:
    name = f"gw_old_{uuid4().hex[:12]}"
    with temporary_database(server_url, name, template=old_template) as url:
        yield Deployed(url)


def test_the_previous_release_still_stores_and_reads_engagements(deployed: Deployed) -> None:
    old, present = deployed.item("old", "2020-02-02T10:00:00Z"), deployed.item("present")
    assert len(deployed.kept(old, present)) == 2
    deployed.migrate()
    event = deployed.item("later")
    assert len(deployed.kept(event, old, present)) == 1
    assert deployed.rows(THERE, Jsonb([old]))[0][1:] == (True, True)
    assert deployed.kept_by_us(event, present, deployed.item("ours")) == [False, False, True]
    assert deployed.kept(deployed.item("ours")) == set()
    assert len(deployed.rows("SELECT FROM engagements")) == 4
    assert deployed.differs("engagements") == deployed.differs("raw_engagements") == set()


def test_the_previous_release_still_changes_and_removes_engagements(deployed: Deployed) -> None:
    deployed.migrate()
    deployed.kept_by_us(deployed.item("ours"))
    one = {"distribution_id": str(deployed.way), "kind": "clicked"}
    ((made, version),) = deployed.rows(INSERT, json.dumps(one))
    assert deployed.rows(UPDATE, json.dumps({"count": 7}), made, version) == [(version + 1,)]
    ours = UUID(deployed.item("ours")["id"])
    with psycopg.connect(deployed.url) as connection:
        assert connection.execute(MARK, ["many_links", [ours]]).rowcount == 1
    assert deployed.differs("raw_engagements") == set()
    assert deployed.rows(DELETE, made, version + 1) == [(made,)]
    assert deployed.differs("raw_engagements") == set()
    assert deployed.rows("SELECT id FROM engagement_ids") == [(ours,)]
    events = deployed.rows("SELECT kind FROM outbox WHERE aggregate = 'engagements' ORDER BY id")
    assert [kind for (kind,) in events] == ["created", "created", "updated", "updated", "deleted"]
    with psycopg.connect(deployed.url) as connection:
        connection.execute("SELECT groundwork_recount_engagements('2000-01-01')")
    assert deployed.differs("raw_engagements") == set()


def test_the_previous_release_cannot_store_into_a_table_partitioned_directly(
    deployed: Deployed,
) -> None:
    """With the guard disabled: a table that is partitioned by itself has no unique id."""
    deployed.migrate()
    keep = KEEP.replace("INTO engagements", "INTO raw_engagements")
    with psycopg.connect(deployed.url) as connection, pytest.raises(psycopg.errors.Error):
        connection.execute(keep, [Jsonb([deployed.item("e")])])


def test_all_engagements_are_kept_by_the_downgrade(deployed: Deployed) -> None:
    present, far = deployed.item("present"), deployed.item("far", "2999-01-01T10:00:00Z")
    deployed.kept(present, far)
    deployed.migrate()
    assert deployed.differs("raw_engagements") == set()
    assert deployed.rows("SELECT event_id FROM raw_engagements_others") == [("far",)]
    (month,) = deployed.rows("SELECT monthly_from FROM engagement_retention")[0]
    with psycopg.connect(deployed.url) as connection:
        row = EngagementRow(uuid4(), deployed.way, "opened", 1, month)
        assert PostgresEngagements(connection).keep([row])[0].created
    migrate(deployed.url, SCRIPTS, target=BEFORE)
    assert len(deployed.rows("SELECT FROM engagements")) == 3
    assert deployed.differs("engagements") == set()
    assert deployed.kept(present, far) == set()
    deployed.migrate()
    assert deployed.differs("raw_engagements") == set()
