"""The fixtures give what they promise."""

from typing import Any

import psycopg

COUNT = "MATCH (n) WHERE NOT n:Migration AND NOT n:MigrationLock RETURN count(n)"


def test_a_database_is_migrated_and_empty_of_rows(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM sources").fetchone() == (0,)


def test_what_a_test_writes_is_gone_for_the_next(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE TABLE left_behind ()")
        connection.commit()


def test_it_is_gone_indeed(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        found = connection.execute("SELECT to_regclass('left_behind')").fetchone()
    assert found == (None,)


def test_the_graph_is_empty_and_takes_nodes(neo4j: Any) -> None:
    assert neo4j.driver.execute_query(COUNT).records[0][0] == 0
    neo4j.driver.execute_query("CREATE (:LeftBehind)")


def test_the_graph_is_empty_again(neo4j: Any) -> None:
    assert neo4j.driver.execute_query(COUNT).records[0][0] == 0


def test_a_queue_takes_and_gives_a_message(emulator: Any) -> None:
    url = emulator.queue("letters")
    sqs = emulator.client("sqs")
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    received = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)
    assert [message["Body"] for message in received["Messages"]] == ["hello"]
