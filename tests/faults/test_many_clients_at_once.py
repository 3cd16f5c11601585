"""Many clients at once: few connections, no lost update, one winner per version."""

import asyncio
from pathlib import Path
from typing import Any

import psycopg
import pytest

from .serving import Client, clients, editor, serving

PATH = "/api/v1/entities"
ADA = {"name": "Ada", "type": "person", "confidence": 1.0, "attributes": {"count": 0}}
ENVIRONMENTS = 3
MOST = 2 * ENVIRONMENTS
"""One caller keeps at most half of a function's environments busy; a new one counts as two."""
CONNECTED = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"


async def most_connections(
    url: str, folder: Path, handler: str, crowd: int
) -> tuple[int, set[int]]:
    """The most connections that were open while a crowd asked; and how it was answered."""
    most, over = 0, asyncio.Event()

    async def watch() -> None:
        nonlocal most
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            while not over.is_set():
                row = await (await connection.execute(CONNECTED)).fetchone()
                assert row is not None
                most = max(most, row[0] - 1)
                await asyncio.sleep(0.02)

    async def ask(one: Client) -> set[int]:
        return {(await one("GET", f"{PATH}?limit=1")).status for _ in range(8)}

    async with (
        serving(url, folder, environments=ENVIRONMENTS, handler=handler) as host,
        clients(host, editor(url), crowd) as asking,
    ):
        watching = asyncio.create_task(watch())
        statuses = await asyncio.gather(*(ask(one) for one in asking))
        over.set()
        await watching
    return most, set().union(*statuses)


@pytest.mark.long
def test_a_hundred_clients_share_one_connection_per_environment(
    database_url: str, tmp_path: Path
) -> None:
    most, statuses = asyncio.run(most_connections(database_url, tmp_path, "rest.handler", 100))
    assert statuses == {200}
    assert 1 <= most <= MOST


@pytest.mark.long
def test_a_function_that_leaves_connections_open_would_be_found(
    database_url: str, tmp_path: Path
) -> None:
    """With the guard disabled; by few, since others need connections too."""
    most, _ = asyncio.run(most_connections(database_url, tmp_path, "wasteful_rest.handler", 3))
    assert most > MOST


async def count_up(one: Client, path: str, *, guarded: bool) -> int | None:
    """Read a counter and write the next number; the version that it made, or None: was too late."""
    read = await one("GET", path)
    patch = {"attributes": {"count": read.json["attributes"]["count"] + 1}}
    tag = read.headers["etag"] if guarded else "*"
    written = await one("PATCH", path, patch, If_Match=tag)
    assert written.status in {200, 412}, written.body
    return int(written.json["version"]) if written.status == 200 else None


async def a_crowd_counts(
    url: str, folder: Path, *, guarded: bool
) -> tuple[list[int], dict[str, Any]]:
    """Two hundred count at once: the versions that were made, and what is there at the end."""
    async with (
        serving(url, folder, environments=ENVIRONMENTS) as host,
        clients(host, editor(url), 200) as asking,
    ):
        made = await asking[0]("POST", PATH, ADA)
        path = made.headers["location"]
        counted = await asyncio.gather(*(count_up(one, path, guarded=guarded) for one in asking))
        last = (await asking[0]("GET", path)).json
    return [version for version in counted if version is not None], last


def test_of_two_hundred_concurrent_updates_each_version_has_one_and_none_is_lost(
    database_url: str, tmp_path: Path
) -> None:
    versions, last = asyncio.run(a_crowd_counts(database_url, tmp_path, guarded=True))
    assert 1 <= len(versions) < 200
    assert sorted(versions) == list(range(2, last["version"] + 1))
    assert last["attributes"]["count"] == len(versions)


def test_without_if_match_concurrent_updates_are_lost(database_url: str, tmp_path: Path) -> None:
    """With the guard disabled."""
    versions, last = asyncio.run(a_crowd_counts(database_url, tmp_path, guarded=False))
    assert last["attributes"]["count"] < len(versions)


async def one_version(url: str, folder: Path) -> list[int]:
    """Two hundred patches that all mean the first version."""
    async with (
        serving(url, folder, environments=ENVIRONMENTS) as host,
        clients(host, editor(url), 200) as asking,
    ):
        made = await asking[0]("POST", PATH, ADA)
        path, tag = made.headers["location"], made.headers["etag"]
        answers = await asyncio.gather(
            *(
                one("PATCH", path, {"name": f"n{number}"}, If_Match=tag)
                for number, one in enumerate(asking)
            )
        )
    return [one.status for one in answers]


def test_of_two_hundred_updates_of_one_version_one_succeeds(
    database_url: str, tmp_path: Path
) -> None:
    statuses = asyncio.run(one_version(database_url, tmp_path))
    assert sorted(statuses) == [200] + [412] * 199
