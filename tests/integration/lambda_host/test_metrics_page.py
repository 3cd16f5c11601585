"""Drift and lag on /metrics: the real functions in a host, on both stores."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from ...instances import run
from .conftest import Function, Running, Serve, ask

pytestmark = pytest.mark.anyio

FUNCTIONS = Path(__file__).parents[3] / "functions"
ADA = "MATCH (n:Entity {name: 'Ada'}) "


def variables(url: str, neo4j: Any, uri: str = "") -> dict[str, str]:
    return {
        "DATABASE_URL": url,
        "NEO4J_URI": uri or neo4j.uri,
        "NEO4J_USER": neo4j.user,
        "NEO4J_PASSWORD": neo4j.password,
    }


def function(name: str, folder: str, given: dict[str, str], timeout: int = 60) -> Function:
    handler = f"groundwork_functions.{folder}.handler.handler"
    pairs = tuple(given.items())
    return Function(name, handler, timeout=timeout, variables=pairs, code=FUNCTIONS)


def insert(url: str, *names: str) -> None:
    with psycopg.connect(url) as database:
        database.execute("DELETE FROM outbox")  # the first rows, which are older than the test
        for name in names:
            database.execute(
                "INSERT INTO entities (name, type, key) VALUES (%s, 'person', %s)",
                (name, name.lower()),
            )


def behind_the_outbox(url: str, statement: str) -> None:
    """Change Postgres without an outbox row."""
    with psycopg.connect(url) as database:
        database.execute("SET session_replication_role = replica")
        database.execute(statement)


async def values(running: Running, name: str, label: str) -> dict[str, float]:
    """Return the values of a metric on /metrics, by one of its labels."""
    page = (await ask(running.port, "/metrics")).body.decode()
    return {
        sample.labels[label]: sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name == name
    }


async def drift(running: Running) -> dict[str, float]:
    """Run the check once more, and return the drift that /metrics shows."""
    outcome = await running.host.fleet.invoke("GraphCheck", {})
    assert outcome.error is None
    async with asyncio.timeout(30):  # its lines come through a pipe of their own
        while not (counts := await values(running, "groundwork_graph_drift", "kind")):
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.1)
    counts = await values(running, "groundwork_graph_drift", "kind")
    return {kind: count for kind, count in counts.items() if count}


@pytest.mark.long
async def test_drift_of_each_store_is_shown_until_it_is_repaired(
    serve: Serve, database_url: str, neo4j: Any, tmp_path: Path
) -> None:
    given = variables(database_url, neo4j)
    insert(database_url, "Ada", "Bell", "Cray")
    running = await serve(
        function("GraphCheck", "graph_check", given), function("Relay", "relay", given)
    )
    await running.host.fleet.invoke("Relay", {})
    assert await drift(running) == {}
    neo4j.driver.execute_query(ADA + "SET n.name = 'Eve'")
    behind_the_outbox(database_url, "DELETE FROM entities WHERE name = 'Bell'")
    assert await drift(running) == {"altered": 1, "extra": 1}
    assert await drift(running) == {"altered": 1, "extra": 1}  # measured again
    home = {"GROUNDWORK_HOME": str(tmp_path / "home")}
    await asyncio.to_thread(run, "graph", "verify", environment=given | home, expect=1)
    await asyncio.to_thread(run, "graph", "repair", environment=given | home)
    assert await drift(running) == {}


async def until(look: Callable[[], Any], seconds: float) -> bool:
    """Return whether a condition holds within a time."""
    try:
        async with asyncio.timeout(seconds):
            while not await look():
                await asyncio.sleep(0.05)
    except TimeoutError:
        return False
    return True


@pytest.mark.long
async def test_the_lag_is_shown_and_grows_while_the_graph_is_away(
    serve: Serve, database_url: str, neo4j: Any
) -> None:
    given = variables(database_url, neo4j, uri="bolt://127.0.0.1:9")
    insert(database_url, "Ada")
    running = await serve(function("Relay", "relay", given, timeout=14))

    async def beyond(le: str) -> bool:
        buckets = await values(running, "groundwork_relay_lag_seconds_bucket", "le")
        return bool(buckets) and buckets["+Inf"] > buckets[le]

    async def failed_twice() -> bool:
        failures = await values(running, "groundwork_relay_failures_total", "destination")
        return failures.get("graph", 0) >= 2

    run_ = asyncio.create_task(running.host.fleet.invoke("Relay", {}))
    assert await until(lambda: beyond("0.001"), 30)
    assert await until(lambda: beyond("1.0"), 30)
    assert await until(failed_twice, 30)
    await run_
