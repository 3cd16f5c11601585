"""Our own template can be served."""

from pathlib import Path

import pytest

from groundwork_lambda_host.template import Addresses, Stack, TemplateError, load

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def ours() -> Stack:
    return load(
        ROOT / "template.yaml",
        {"DatabaseUrl": "postgresql://db", "Neo4jPassword": "secret"},
        Addresses(websocket_endpoint="http://127.0.0.1:9/@live"),
    )


def test_our_own_template_can_be_served(ours: Stack) -> None:
    assert {"RestApi", "Identity", "GraphApi", "Realtime", "Fetch", "Relay"} <= set(ours.functions)
    assert ours.functions["RestApi"].name == "rest-api"
    assert set(ours.socket_routes) == {"$connect", "$disconnect", "$default"}
    assert {mapping.queue for mapping in ours.queue_mappings} >= {"FetchQueue", "RelayQueue"}


def test_the_address_of_the_websocket_api_is_the_hosts(ours: Stack) -> None:
    assert ours.functions["Relay"].environment["WEBSOCKET_ENDPOINT"] == "http://127.0.0.1:9/@live"


def test_secrets_stay_out_of_what_is_printed(ours: Stack) -> None:
    assert "secret" not in repr(ours.functions["Relay"])


def test_a_host_runs_the_functions_of_its_setting(ours: Stack) -> None:
    fetching = ours.only(["Fetch"])
    assert set(fetching.functions) == {"Fetch"}
    assert fetching.routes == ()
    assert fetching.socket is None
    assert [mapping.queue for mapping in fetching.queue_mappings] == ["FetchQueue"]
    assert [schedule.name for schedule in fetching.schedules] == ["FetchEveryMinute"]
    assert fetching.queues == ours.queues  # their addresses are needed

    rest = ours.only(["-Fetch", "-Relay"])
    assert set(rest.functions) == set(ours.functions) - {"Fetch", "Relay"}
    assert rest.socket == ours.socket
    assert rest.routes == ours.routes
    assert ours.only([]) is ours


@pytest.mark.parametrize(
    ("chosen", "why"), [(["Fetcher"], "Fetcher"), (["Fetch", "-Fetch"], "no function")]
)
def test_a_host_without_known_functions_does_not_start(
    ours: Stack, chosen: list[str], why: str
) -> None:
    with pytest.raises(TemplateError, match=why):
        ours.only(chosen)
