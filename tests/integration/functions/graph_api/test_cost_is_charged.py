"""The cost of a query is charged to its caller's rate limit before it runs."""

import json
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from groundwork_functions.graph_api.graphql_problems import GraphqlApplication
from groundwork_functions.graph_api.handler import handler
from groundwork_runtime.graphql import executor as answering
from groundwork_runtime.wiring import Wiring

from ....fakes.callers import Mint
from .conftest import Api

CHEAP = "{ entities(first: 10) { edges { node { name } } } }"
DEAR = "{ entities(first: 10) { edges { node { neighbours { edges { cursor } } } } } }"  # 510
MINT = Mint()
Answer = tuple[int, Mapping[str, list[str]], Mapping[str, Any]]
Ask = Callable[[str], Answer]


@pytest.fixture
def ask(api: Api) -> Iterator[Ask]:
    """Asks over HTTP's way, as an analyst of whom 2 requests a second are served, 8 at once."""
    api.sql(
        "INSERT INTO signing_keys (kid, public_jwk) VALUES (%s, %s)", MINT.kid, Jsonb(MINT.public)
    )
    [[user]] = api.sql(
        "INSERT INTO users (email, roles, sessions_valid_from)"
        " VALUES ('a@example.org', '{analyst}', '2020-01-01') RETURNING id"
    )
    wiring = Wiring(api.wiring.settings.model_copy(update={"rate_limit": 2}))
    application = GraphqlApplication(handler.router, lambda: wiring)
    headers = {
        "authorization": f"Bearer {MINT.token(user)}",
        "content-type": "application/json",
    }

    def asked(query: str) -> Answer:
        event = {
            "httpMethod": "POST",
            "path": "/graphql",
            "headers": headers,
            "body": json.dumps({"query": query}),
        }
        answer = application(event, SimpleNamespace(aws_request_id="r"))
        return answer["statusCode"], answer["multiValueHeaders"], json.loads(answer["body"])

    yield asked
    wiring.graph.close()
    wiring.database.close()


def test_an_expensive_query_uses_more_of_the_limit_so_the_next_one_is_refused(ask: Ask) -> None:
    status, headers, answer = ask(DEAR)
    assert status == 200, answer
    assert int(headers["RateLimit-Remaining"][0]) <= 8 - 1 - 510 // 100 + 1  # 2 a second come back

    status, headers, answer = ask(DEAR)
    assert status == 429
    assert int(headers["Retry-After"][0]) >= 1
    assert answer["type"].endswith("/throttled")
    assert answer["errors"][0]["extensions"]["code"] == "THROTTLED"


def test_a_cheap_query_uses_as_much_of_the_limit_as_any_request(ask: Ask) -> None:
    assert [ask(CHEAP)[0] for _ in range(6)] == [200] * 6


def test_without_the_charge_by_cost_expensive_queries_pass(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "COST_A_TOKEN", 1_000_000)
    assert [ask(DEAR)[0] for _ in range(4)] == [200] * 4
