"""Merges at the same time as other merges and as results that state the old key."""

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg
import pytest

from groundwork_core.errors import Conflict, GroundworkError, Invalid, Unavailable
from groundwork_core.knowledge import bulk
from groundwork_core.knowledge.merging import merge_entity
from groundwork_core.knowledge.resources import NewEntity
from groundwork_core.resources.bulk import Refused
from groundwork_core.resources.writing import Expected
from groundwork_data.postgres import merging_sql
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork

from ....lock_waits import until_one_waits
from .conftest import Rest


def entity(rest: Rest, name: str) -> str:
    return str(rest.create("entities", name=name, type="topic", key=name).json["id"])


def both_at_once(rest: Rest, pairs: list[tuple[str, str]]) -> list[GroundworkError | None]:
    """Merge all pairs at the same time, and return each response."""
    start = threading.Barrier(len(pairs))

    def act(pair: tuple[str, str]) -> GroundworkError | None:
        database = Database(rest.url, application_name="merger")
        work = PostgresUnitOfWork(database)
        start.wait()
        try:
            merge_entity(UUID(pair[0]), UUID(pair[1]), Expected(None), work=work)
        except GroundworkError as error:
            return error
        finally:
            database.close()
        return None

    with ThreadPoolExecutor(len(pairs)) as pool:
        return list(pool.map(act, pairs))


def errors_seen(rest: Rest, rounds: int) -> list[type[GroundworkError]]:
    """Merge two entities into each other in several rounds; return the responses of the losers."""
    losers: list[type[GroundworkError]] = []
    for n in range(rounds):
        a, b = entity(rest, f"A{n}"), entity(rest, f"B{n}")
        answers = both_at_once(rest, [(a, b), (b, a)])
        assert answers.count(None) == 1
        losers += [type(answer) for answer in answers if answer is not None]
        counted = "SELECT count(*) FROM entities WHERE id = ANY(%s::uuid[])"
        assert rest.database.row(counted, [[a, b]]) == (1,)
    return losers


SLOWLY = """
CREATE FUNCTION slowly(id uuid) RETURNS uuid LANGUAGE plpgsql VOLATILE AS
$$ BEGIN PERFORM pg_sleep(0.1); RETURN id; END $$
"""


def test_two_concurrent_merges_into_each_other_do_not_deadlock(rest: Rest) -> None:
    assert set(errors_seen(rest, 5)) <= {Conflict, Invalid}


def test_without_one_order_of_locks_two_merges_into_each_other_deadlock(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled: each locks first the one that goes."""
    with psycopg.connect(rest.url, autocommit=True) as connection:
        connection.execute(SLOWLY)
    bad = (
        "SELECT e.id, e.version FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS u(id, n),"
        " LATERAL (SELECT slowly(id) AS id, version FROM entities WHERE id = u.id FOR UPDATE) e"
    )
    monkeypatch.setattr(merging_sql, "LOCK_ENTITIES", bad)
    assert Unavailable in errors_seen(rest, 3)


def stated_meanwhile(rest: Rest) -> tuple[str, str]:
    """State a key while its entity is being merged; return the survivor, and what was stated of."""
    a, b = entity(rest, "A"), entity(rest, "B")
    merger = Database(rest.url, application_name="merger")
    stater = Database(rest.url, application_name="stater")
    items = {0: NewEntity(name="A", type="topic", key="A", attributes={"n": 1})}

    def state() -> str:
        (done,) = bulk.upsert_entities(items, work=lambda: PostgresUnitOfWork(stater)).items
        assert not isinstance(done, Refused)
        return str(done.id)

    with ThreadPoolExecutor(1) as pool:
        with merger.transaction():
            work = PostgresUnitOfWork(merger)
            merge_entity(UUID(a), UUID(b), Expected(None), work=work)
            stating = pool.submit(state)
            until_one_waits(rest.url)
        stated = stating.result()
    merger.close()
    stater.close()
    return b, stated


def test_a_statement_that_waited_for_a_merge_is_stored_for_the_survivor(rest: Rest) -> None:
    survivor, stated = stated_meanwhile(rest)
    assert stated == survivor
    assert rest("GET", f"/api/v1/entities/{survivor}").json["attributes"] == {"n": 1}


def test_without_the_trigger_a_statement_during_a_merge_creates_a_second_entity(rest: Rest) -> None:
    """With the guard disabled: nothing looks again once the wait is over."""
    rest.database.texts("DROP TRIGGER refuse_merged_keys ON entities", ())
    survivor, stated = stated_meanwhile(rest)
    assert stated != survivor
