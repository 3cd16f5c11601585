"""HTTP events are equal to recorded ones in the shape of API Gateway's documentation."""

import json
from pathlib import Path

import pytest

from groundwork_lambda_host.gateway import EventBuilder, Request, Routes
from groundwork_lambda_host.template import Route

EVENTS = Path(__file__).parents[3] / "events"
ROUTES = Routes([Route("ANY", "/api/v1/{proxy+}", "RestApi")])
BUILDER = EventBuilder("groundwork", "local", "000000000000")
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793"


def built(request: Request) -> dict[str, object]:
    match = ROUTES.find(request.path)
    assert match is not None
    event: dict[str, object] = json.loads(BUILDER.build(request, match, "request-1", TRACE))
    context = event["requestContext"]
    assert isinstance(context, dict)
    assert context.pop("requestTimeEpoch") > 1_700_000_000_000
    assert context.pop("requestTime").endswith(" +0000")
    return event


REQUESTS = {
    "http_get": Request(
        "GET",
        "/api/v1/sources",
        b"limit=2&tag=a&tag=b%20c&empty=",
        [(b"host", b"localhost"), (b"accept", b"a"), (b"accept", b"b"), (b"user-agent", b"test")],
        b"",
        "127.0.0.1",
        "1.1",
    ),
    "http_post_text": Request(
        "POST",
        "/api/v1/sources",
        b"",
        [(b"host", b"localhost"), (b"x-forwarded-for", b"10.0.0.1")],
        '{"name":"Zürich"}'.encode(),
        "127.0.0.1",
        "1.1",
    ),
    "http_post_binary": Request(
        "POST", "/api/v1/sources", b"", [(b"host", b"localhost")], b"\x1f\x8b\xff", "::1", "1.0"
    ),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_becomes_the_recorded_event_of_api_gateway(name: str) -> None:
    assert built(REQUESTS[name]) == json.loads((EVENTS / f"{name}.json").read_text())


def test_a_query_with_too_many_fields_is_refused() -> None:
    request = Request("GET", "/api/v1/x", b"a&" * 2000, [], b"", "::1", "1.1")
    match = ROUTES.find(request.path)
    assert match is not None

    with pytest.raises(ValueError, match="fields"):
        BUILDER.build(request, match, "request-1", TRACE)
