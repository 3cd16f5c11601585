"""The stack that a template describes, as immutable values."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from groundwork_lambda_host.template.errors import TemplateError


@dataclass(frozen=True, slots=True)
class Function:
    """A Lambda function.

    Attributes:
        logical_id: Its key under Resources.
        name: Name of its folder in kebab case, or the template's FunctionName.
        handler: `package.module.attribute`.
        folder: Folder of the handler's package, added to the import path.
        timeout_seconds: The process is killed when an event takes longer.
        memory_mb: Memory limit.
        environment: Environment variables, resolved.
        arn: ARN of the function.
        max_environments: ReservedConcurrentExecutions, if set.
        environment_factor: How many times as many environments it may have as others, from
            `Metadata: EnvironmentFactor`.
        lanes: The lane of each path whose requests take long, from `Metadata: Lanes`.
        async_retries: Number of retries of an asynchronous event whose handler failed
            (EventInvokeConfig).
        async_age_seconds: Maximum age of an asynchronous event; older ones are dropped.
    """

    logical_id: str
    name: str
    handler: str
    folder: Path
    timeout_seconds: int
    memory_mb: int
    environment: Mapping[str, str] = field(repr=False)
    arn: str
    max_environments: int | None = None
    environment_factor: int = 1
    lanes: Mapping[str, str] = field(default_factory=dict)
    async_retries: int = 2
    async_age_seconds: int = 21_600


@dataclass(frozen=True, slots=True)
class Route:
    """A route of the REST API: method (`ANY` for all), path template and function."""

    method: str
    path: str
    function: str


@dataclass(frozen=True, slots=True)
class SocketApi:
    """A WebSocket API: id, stage, and the function's logical id by route key."""

    api_id: str
    stage: str
    selection: str
    routes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A redrive policy: logical id of the dead letter queue, and number of receives."""

    queue: str
    max_receive_count: int


@dataclass(frozen=True, slots=True)
class Queue:
    """An SQS queue."""

    logical_id: str
    name: str
    url: str
    arn: str
    visibility_seconds: int
    retention_seconds: int
    dead_letter: DeadLetter | None


@dataclass(frozen=True, slots=True)
class QueueMapping:
    """An SQS event source mapping; `function` and `queue` are logical ids."""

    function: str
    queue: str
    batch_size: int
    window_seconds: int
    partial_responses: bool
    max_concurrency: int | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """A ScheduleV2 event; `expression` is `rate(…)`, `cron(…)` or `at(…)`.

    `retries` and `max_age_seconds` limit the repetition of a failed run: the stricter of the
    schedule's RetryPolicy and the function's EventInvokeConfig.
    """

    name: str
    function: str
    expression: str
    input: str | None
    enabled: bool
    timezone: str
    retries: int = 2
    max_age_seconds: int = 21_600


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret of Secrets Manager."""

    logical_id: str
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Stack:
    """Everything in a template that the host serves."""

    stage: str
    region: str
    functions: Mapping[str, Function]
    routes: tuple[Route, ...]
    socket: SocketApi | None
    queues: tuple[Queue, ...]
    queue_mappings: tuple[QueueMapping, ...]
    schedules: tuple[Schedule, ...]
    secrets: tuple[Secret, ...]

    @property
    def socket_routes(self) -> Mapping[str, str]:
        """Logical id of the function by WebSocket route key; empty without a WebSocket API."""
        return self.socket.routes if self.socket else {}

    @property
    def lanes(self) -> Mapping[str, str]:
        """The lane of each path that has one."""
        return {
            path: lane
            for function in self.functions.values()
            for path, lane in function.lanes.items()
        }

    def only(self, chosen: Collection[str]) -> "Stack":
        """Return the stack with some functions, and with their routes, mappings and schedules.

        Args:
            chosen: Logical ids of functions; `-Fetch` leaves one out. If all of them begin with
                `-`, all other functions are chosen; if the list is empty, all functions are.

        Raises:
            TemplateError: A function does not exist, or none is left.
        """
        if not chosen:
            return self
        without = {name.removeprefix("-") for name in chosen if name.startswith("-")}
        with_ = {name for name in chosen if not name.startswith("-")} or set(self.functions)
        if unknown := sorted((with_ | without) - set(self.functions)):
            raise TemplateError(f"Resources.{unknown[0]}", "the function does not exist")
        kept = with_ - without
        if not kept:
            raise TemplateError("Resources", "no function is left to run")
        served = self.socket is not None and set(self.socket.routes.values()) <= kept
        return replace(
            self,
            functions={name: each for name, each in self.functions.items() if name in kept},
            routes=tuple(route for route in self.routes if route.function in kept),
            socket=self.socket if served else None,
            queue_mappings=tuple(each for each in self.queue_mappings if each.function in kept),
            schedules=tuple(each for each in self.schedules if each.function in kept),
        )

    def queue(self, logical_id: str) -> Queue:
        """Return the queue of that logical id.

        Raises:
            TemplateError: The queue does not exist.
        """
        for queue in self.queues:
            if queue.logical_id == logical_id:
                return queue
        raise TemplateError(f"Resources.{logical_id}", "the queue does not exist")
