"""SQL of a GraphQL request is cancelled in Postgres when the request's time is over."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest

from groundwork_data.postgres.database import Database

from ....waiting import eventually
from .conftest import Api

SECONDS = 1.0
ALIASES = [
    f'a{i}: entities(filter: {{q: "{i}"}}) {{ edges {{ node {{ id }} }} }}' for i in range(20)
]
SEARCH = f"{{ {' '.join(ALIASES)} }}"
OF_A_HUB = '{ entity(id: "%s") { neighbours(types: ["NO_SUCH"]) { edges { cursor } } } }'
RUNNING = """
SELECT query FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'counted' AND state = 'active'
"""


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("groundwork_runtime.graphql.executor.REQUEST_SECONDS", SECONDS)


@contextmanager
def held(api: Api, table: str) -> Iterator[None]:
    """Lock a table, so that statements on it take arbitrarily long."""
    with api.database.transaction() as connection:
        connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


def codes(answered: Mapping[str, Any]) -> set[str]:
    return {error["extensions"]["code"] for error in answered["errors"]}


def test_a_search_under_twenty_aliases_is_stopped_in_the_database(
    api: Api, known: Mapping[str, str]
) -> None:
    with held(api, "entities"):
        answer = api.post({"query": SEARCH})
        assert api.sql(RUNNING) == []
    answered = json.loads(answer.body or "")
    assert (answer.status, codes(answered)) == (200, {"TIMEOUT"})


def test_a_filter_of_a_hub_is_stopped_in_the_database(
    api: Api, known: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groundwork_data.graph.store.HUB_DEGREE", 10)
    with held(api, "relationships"):
        answer = api.post({"query": OF_A_HUB % known["Ada"]})
        assert api.sql(RUNNING) == []
    assert (answer.status, codes(json.loads(answer.body or ""))) == (200, {"TIMEOUT"})


def test_a_request_after_a_stopped_one_has_its_own_time_limit(
    api: Api, known: Mapping[str, str]
) -> None:
    with held(api, "entities"):
        assert api.code(SEARCH) == "TIMEOUT"
    assert api.data(SEARCH)["a19"]["edges"]


def test_without_the_time_limit_the_sql_of_a_request_runs_on(
    api: Api, known: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Database, "stopping_at", lambda *_: nullcontext())
    asker = threading.Thread(target=lambda: api.post({"query": SEARCH}), daemon=True)
    with held(api, "entities"):
        asker.start()
        asker.join(SECONDS * 3)
        assert asker.is_alive()
        assert eventually(lambda: api.sql(RUNNING), within_seconds=5)
    asker.join(30)
    assert not asker.is_alive()
