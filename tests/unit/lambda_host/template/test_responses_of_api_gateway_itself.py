"""API Gateway's own responses name one exact origin at most: it has no way to choose."""

from pathlib import Path

import pytest

from groundwork_lambda_host.template import Addresses
from groundwork_lambda_host.template.document import Value, mapping, read
from groundwork_lambda_host.template.resources import Resources

TEMPLATE = Path(__file__).parents[4] / "template.yaml"
ORIGIN = "https://app.example.org"
ANYBODY = ("*", "method.request")
"""Any origin, written or echoed."""


def answered(tree: dict[str, Value], origins: str) -> dict[str, dict[str, Value]]:
    """The headers of each of its responses."""
    given = {"CorsOrigins": origins, "DatabaseUrl": "unread", "Neo4jPassword": "unread"}
    api = Resources(tree, given, Addresses()).properties("Api", "GatewayResponses")
    kinds = api.inner("GatewayResponses")
    return {
        kind: dict(kinds.inner(kind).inner("ResponseParameters").inner("Headers").values)
        for kind in kinds.values
    }


def sound(headers: dict[str, Value], origin: str | None) -> bool:
    named = headers.get("Access-Control-Allow-Origin")
    return (
        named == (origin and f"'{origin}'")
        and not any(word in str(named) for word in ANYBODY)
        and "Access-Control-Allow-Credentials" not in headers
        and headers["X-Request-Id"] == "context.requestId"
    )


@pytest.mark.parametrize(
    ("origins", "named"),
    [("", None), (ORIGIN, ORIGIN), (f"{ORIGIN},https://desk.example.org", ORIGIN)],
)
def test_the_first_origin_is_named_and_a_request_id(origins: str, named: str | None) -> None:
    answers = answered(read(TEMPLATE), origins)
    assert answers.keys() >= {"DEFAULT_4XX", "DEFAULT_5XX", "THROTTLED"}
    assert [kind for kind, headers in answers.items() if not sound(headers, named)] == []
    assert answers["THROTTLED"]["Retry-After"] == "'1'"


@pytest.mark.parametrize("anybody", ["'*'", "method.request.header.origin"])
def test_an_origin_that_is_not_exact_would_be_noticed(anybody: str) -> None:
    tree = read(TEMPLATE)
    api = mapping(mapping(tree["Resources"], "")["Api"], "")
    kinds = mapping(mapping(api["Properties"], "")["GatewayResponses"], "")
    inner = mapping(mapping(kinds["DEFAULT_4XX"], "")["ResponseParameters"], "")
    mapping(inner["Headers"], "")["Access-Control-Allow-Origin"] = anybody
    assert not sound(answered(tree, ORIGIN)["DEFAULT_4XX"], ORIGIN)
