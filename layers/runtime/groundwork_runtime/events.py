"""Event functions as Chalice apps: queues, schedules and WebSocket routes.

Chalice registers handlers, makes typed event objects and runs middleware. template.yaml stays the
one list of what AWS creates; a test compares the registrations with the template.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from chalice.app import BaseLambdaEvent, Chalice, ScheduledEventConfig, SQSEventConfig

from groundwork_runtime import logs

Next = Callable[[Any], Any]


SCHEDULED_EVENT_DEFAULTS: Mapping[str, object] = {
    "version": "0",
    "id": "",
    "detail-type": "Scheduled Event",
    "source": "",
    "account": "",
    "time": "",
    "region": "",
    "resources": [],
    "detail": {},
}
"""Members of a scheduled event, for runs that are started manually with another event."""


class EventApp(Chalice):
    """A Chalice app that is its own Lambda handler.

    Chalice deploys one Lambda function per registration. Here one function may have several event
    sources (a queue and a schedule, three WebSocket routes), so the app finds the registration
    that an event belongs to.
    """

    def __init__(self, name: str) -> None:
        """`name` is that of the function. Neither logging nor the environment is changed."""
        super().__init__(app_name=name, configure_logs=False, env={})
        # Posts go through the Sockets port; this keeps Chalice from looking for a region.
        self.websocket_api.configure("unused.invalid", "unused")
        self.register_middleware(_log_context)

    def __call__(self, event: Mapping[str, Any], context: Any) -> Any:
        """Handle one event of any registered source.

        Raises:
            LookupError: no handler is registered for this source.
        """
        if "Records" not in event and "requestContext" not in event:
            event = {**SCHEDULED_EVENT_DEFAULTS, **event}
        return self.handler_map[self._name_of(event)](event, context)

    def _name_of(self, event: Mapping[str, Any]) -> str:
        """Return the name of the registration that handles an event."""
        route = event.get("requestContext", {}).get("routeKey")
        if route is not None:
            registered = self.websocket_handlers.get(route) or self.websocket_handlers["$default"]
            return str(registered.name)
        kind = SQSEventConfig if "Records" in event else ScheduledEventConfig
        for source in self.event_sources:
            if isinstance(source, kind):
                return str(source.name)
        message = f"{self.app_name} has no handler for this event"
        raise LookupError(message)


def remaining_seconds(event: BaseLambdaEvent) -> float:
    """Return the seconds until the invocation times out."""
    context: Any = event.context
    return float(context.get_remaining_time_in_millis()) / 1000


def _log_context(event: Any, get_response: Next) -> Any:
    """Middleware: put the trace and the request id on every log line.

    The request id is that of Lambda, or of a WebSocket event.
    """
    raw = event.to_dict()
    request_id = raw.get("requestContext", {}).get("requestId") if isinstance(raw, dict) else None
    request_id = request_id or getattr(event.context, "aws_request_id", None)
    found = {
        "request_id": request_id,
        "trace_id": logs.trace_id(os.environ.get("_X_AMZN_TRACE_ID", "")),
    }
    with logs.fields(**{name: value for name, value in found.items() if value}):
        return get_response(event)
