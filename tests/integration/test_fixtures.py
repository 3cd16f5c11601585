"""The fixtures give what they promise."""

from collections.abc import Callable, Mapping
from typing import Any

import psycopg

from ..conftest import _database as database_for_a_test
from ..conftest import empty_graph

COUNT = "MATCH (n) WHERE NOT n:Migration AND NOT n:MigrationLock RETURN count(n)"


def test_a_database_is_migrated_and_empty_of_rows(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM sources").fetchone() == (0,)


def test_what_one_test_writes_is_gone_for_the_next(server_url: str, migrated_template: str) -> None:
    """Two databases under one name, one after the other, as two tests would have them."""
    found = []
    for _ in range(2):
        with (
            database_for_a_test(server_url, "gw_test_twice", template=migrated_template) as url,
            psycopg.connect(url, autocommit=True) as connection,
        ):
            found.append(connection.execute("SELECT to_regclass('left_behind')").fetchone())
            connection.execute("CREATE TABLE left_behind ()")
            assert connection.execute("SELECT to_regclass('left_behind')").fetchone() != (None,)
    assert found == [(None,), (None,)]


def test_the_graph_is_empty_for_each_test(
    services: Mapping[str, str], graph_driver: Any, graph_migrations: Callable[[], None]
) -> None:
    for _ in range(2):
        with empty_graph(services, graph_driver, graph_migrations) as graph:
            assert graph.driver.execute_query(COUNT).records[0][0] == 0
            graph.driver.execute_query("CREATE (:LeftBehind)")
            assert graph.driver.execute_query(COUNT).records[0][0] == 1


def test_the_fixture_of_the_graph_is_empty(neo4j: Any) -> None:
    assert neo4j.driver.execute_query(COUNT).records[0][0] == 0


def test_a_queue_takes_and_gives_a_message(emulator: Any) -> None:
    url = emulator.queue("letters")
    sqs = emulator.client("sqs")
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    received = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)
    assert [message["Body"] for message in received["Messages"]] == ["hello"]
