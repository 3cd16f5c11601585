"""The events of SAM functions: HTTP routes, queue mappings, schedules."""

from collections.abc import Iterator, Mapping

from groundwork_lambda_host.template.errors import TemplateError
from groundwork_lambda_host.template.resources import Properties, Resources
from groundwork_lambda_host.template.stack import Function, QueueMapping, Route, Schedule

_METHODS = frozenset({"ANY", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_KINDS = frozenset({"Api", "SQS", "ScheduleV2"})
_REPORTS_ITEMS = "ReportBatchItemFailures"


class Events:
    """The events of a template's functions.

    Args:
        resources: The template's resources.
        functions: Its functions by logical id.
    """

    def __init__(self, resources: Resources, functions: Mapping[str, Function]) -> None:
        self._resources = resources
        self._functions = functions
        self._all: list[tuple[str, str, str, Properties]] = []
        for function in functions:
            events = resources.properties(function, "Events").inner("Events")
            for name in events.values:
                event = events.inner(name)
                kind = event.text("Type")
                if kind not in _KINDS:
                    known = ", ".join(sorted(_KINDS))
                    raise TemplateError(
                        event.path,
                        f"the host does not support the event type {kind!r}, only {known}",
                    )
                self._all.append((kind, function, name, event.inner("Properties")))

    def routes(self) -> tuple[Route, ...]:
        """Return the HTTP routes, in the order of the template."""
        found: dict[tuple[str, str], Route] = {}
        for function, _, event in self._of("Api"):
            path, method = event.text("Path"), event.text("Method").upper()
            if method not in _METHODS:
                raise TemplateError(f"{event.path}.Method", f"{method!r} is not a method")
            if not path.startswith("/"):
                raise TemplateError(f"{event.path}.Path", f"{path!r} must start with a slash")
            if (method, path) in found:
                raise TemplateError(event.path, f"{method} {path} is routed twice")
            found[method, path] = Route(method, path, function)
        return tuple(found.values())

    def queue_mappings(self) -> tuple[QueueMapping, ...]:
        """Return the enabled queue mappings."""
        return tuple(
            self._queue_mapping(function, event)
            for function, _, event in self._of("SQS")
            if event.text("Enabled", "true") == "true"
        )

    def _queue_mapping(self, function: str, event: Properties) -> QueueMapping:
        arn = event.text("Queue")
        batch_size = event.number("BatchSize", 10)
        most = 10_000  # AWS's limit for standard queues
        if not 1 <= batch_size <= most:
            raise TemplateError(f"{event.path}.BatchSize", f"must be 1 to {most}")
        scaling = event.inner("ScalingConfig")
        capped = scaling.values.get("MaximumConcurrency") is not None
        return QueueMapping(
            function=function,
            queue=self._resources.by_arn(arn, "AWS::SQS::Queue", f"{event.path}.Queue"),
            batch_size=batch_size,
            window_seconds=event.number("MaximumBatchingWindowInSeconds", 0),
            partial_responses=_REPORTS_ITEMS in event.items("FunctionResponseTypes"),
            max_concurrency=scaling.number("MaximumConcurrency", 2) if capped else None,
        )

    def schedules(self) -> tuple[Schedule, ...]:
        """Return the schedules, named by function and event as in SAM."""
        return tuple(
            self._schedule(function, name, event)
            for function, name, event in self._of("ScheduleV2")
        )

    def _schedule(self, function: str, name: str, event: Properties) -> Schedule:
        policy, target = event.inner("RetryPolicy"), self._functions[function]
        deliveries = policy.number_in("MaximumRetryAttempts", 185, range(186))
        age_seconds = policy.number_in("MaximumEventAgeInSeconds", 86_400, range(60, 86_401))
        return Schedule(
            name=event.text("Name", f"{function}{name}"),
            function=function,
            expression=event.text("ScheduleExpression"),
            input=event.optional("Input"),
            enabled=event.text("State", "ENABLED") == "ENABLED",
            timezone=event.text("ScheduleExpressionTimezone", "UTC"),
            retries=min(deliveries, target.async_retries),
            max_age_seconds=min(age_seconds, target.async_age_seconds),
        )

    def _of(self, kind: str) -> Iterator[tuple[str, str, Properties]]:
        return ((function, name, event) for its, function, name, event in self._all if its == kind)
