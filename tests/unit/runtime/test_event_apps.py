"""Chalice's registrations and template.yaml say the same; an app finds the right handler."""

import importlib
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from chalice.app import CloudWatchEvent, ScheduledEventConfig, SQSEvent, SQSEventConfig
from chalice.test import Client

from groundwork_lambda_host.template import Addresses, load
from groundwork_lambda_host.template.stack import Stack
from groundwork_runtime import logs
from groundwork_runtime.events import EventApp

ROOT = Path(__file__).parents[3]
EVENTS = ROOT / "tests" / "events"
CONTEXT = SimpleNamespace(aws_request_id="r-1")


def stack() -> Stack:
    parameters = {"DatabaseUrl": "unread", "Neo4jPassword": "unread"}
    return load(ROOT / "template.yaml", parameters, Addresses())


def apps() -> Iterator[tuple[str, EventApp]]:
    """Every function of the template whose handler is an event app."""
    for name, function in stack().functions.items():
        module, _, attribute = function.handler.rpartition(".")
        handler = getattr(importlib.import_module(module), attribute)
        if isinstance(handler, EventApp):
            yield name, handler


def registered() -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = set()
    for name, app in apps():
        for source in app.event_sources:
            if isinstance(source, SQSEventConfig):
                found.add((name, "queue", str(source.queue), str(source.batch_size)))
            elif isinstance(source, ScheduledEventConfig):
                found.add((name, "schedule", str(source.schedule_expression)))
        found |= {(name, "route", route) for route in app.websocket_handlers}
    return found


def declared() -> set[tuple[str, ...]]:
    template = stack()
    found: set[tuple[str, ...]] = {
        (one.function, "queue", one.queue, str(one.batch_size)) for one in template.queue_mappings
    }
    found |= {(one.function, "schedule", one.expression) for one in template.schedules}
    return found | {(name, "route", key) for key, name in template.socket_routes.items()}


def test_registrations_are_what_the_template_declares() -> None:
    assert registered() == declared()


def test_every_function_without_routes_is_an_event_app() -> None:
    template = stack()
    served = {route.function for route in template.routes}
    assert {name for name, _ in apps()} == template.functions.keys() - served


@pytest.fixture
def app() -> EventApp:
    made = EventApp("sample")

    @made.on_sqs_message(queue="Parcels", batch_size=10)
    def parcels(event: SQSEvent) -> list[str]:
        return [record.body for record in event]

    @made.schedule("rate(1 minute)")
    def minute(event: CloudWatchEvent) -> str:
        return str(event.source)

    @made.on_ws_message()
    def said(event: Any) -> dict[str, object]:
        return {"statusCode": 200, "body": event.body}

    @made.on_ws_connect()
    def opened(event: Any) -> dict[str, object]:
        return {"statusCode": 401}

    return made


def event(name: str) -> Any:
    return json.loads((EVENTS / name).read_text())


def test_each_event_reaches_its_registration(app: EventApp) -> None:
    bodies = [record["body"] for record in event("sqs.json")["Records"]]
    sockets = event("websocket.json")
    assert app(event("sqs.json"), CONTEXT) == bodies
    assert app(event("scheduler.json"), CONTEXT) == "aws.scheduler"
    assert app(sockets["connect"], CONTEXT) == {"statusCode": 401}
    assert app(sockets["message"], CONTEXT)["body"] == sockets["message"]["body"]


def test_a_route_without_a_handler_of_its_own_is_a_message(app: EventApp) -> None:
    other = event("websocket.json")["message"]
    other["requestContext"]["routeKey"] = "subscribe"
    assert app(other, CONTEXT)["statusCode"] == 200


def test_a_schedule_can_be_run_by_hand_with_an_empty_event(app: EventApp) -> None:
    assert app({}, CONTEXT) == ""


def test_an_event_that_nothing_is_registered_for_is_an_error() -> None:
    with pytest.raises(LookupError, match="sample has no handler"):
        EventApp("sample")(event("scheduler.json"), CONTEXT)


def test_a_registration_is_called_by_its_name_as_chalice_does(app: EventApp) -> None:
    with Client(app) as client:
        answer = client.lambda_.invoke("minute", event("scheduler.json"))
    assert answer.payload == "aws.scheduler"


def test_log_lines_carry_the_request_id_and_the_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID", raising=False)
    made, seen = EventApp("sample"), []

    @made.schedule("rate(1 minute)")
    def minute(event: CloudWatchEvent) -> None:
        seen.append(dict(logs._fields.get()))

    made(event("scheduler.json"), CONTEXT)
    assert seen == [{"request_id": "r-1"}]
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-2-3;Parent=4;Sampled=1")
    made(event("scheduler.json"), CONTEXT)
    assert seen[1] == {"request_id": "r-1", "trace_id": "1-2-3"}


def test_making_an_app_leaves_logging_and_the_environment_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_EXECUTION_ENV", "as it was")
    EventApp("quiet")
    assert os.environ["AWS_EXECUTION_ENV"] == "as it was"
    assert logging.getLogger("quiet").handlers == []
