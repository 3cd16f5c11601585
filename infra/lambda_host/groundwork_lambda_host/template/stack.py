"""What a template says, in plain frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from groundwork_lambda_host.template.errors import TemplateError


@dataclass(frozen=True, slots=True)
class Function:
    """A Lambda function.

    Attributes:
        logical_id: Its key under Resources.
        name: Name of its folder in kebab case, or the template's FunctionName.
        handler: `package.module.attribute`.
        folder: Folder that holds the handler's package; goes on the child's import path.
        timeout_seconds: The process is killed when an event takes longer.
        memory_mb: What the handler is told that it has.
        environment: Variables, fully resolved.
        arn: ARN that the handler sees as its own.
        max_environments: ReservedConcurrentExecutions, if set.
        lanes: Paths whose requests take long and the lane of each, from `Metadata: Lanes`.
        async_retries: How often an event that nobody waits for is tried again when the handler
            fails (EventInvokeConfig).
        async_age_seconds: An event that nobody waits for is dropped when it is older.
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
    lanes: Mapping[str, str] = field(default_factory=dict)
    async_retries: int = 2
    async_age_seconds: int = 21_600


@dataclass(frozen=True, slots=True)
class Route:
    """A method (`ANY` for all) and path template of the REST API, and the function behind it."""

    method: str
    path: str
    function: str


@dataclass(frozen=True, slots=True)
class SocketApi:
    """The WebSocket API: its id and stage, and the logical id of the function per route key."""

    api_id: str
    stage: str
    selection: str
    routes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Redrive policy: the logical id of the other queue, and after how many receives."""

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

    `retries` and `max_age_seconds` bound how often and how late a run that failed is tried again:
    the stricter of the schedule's RetryPolicy and the function's EventInvokeConfig.
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
    """A Secrets Manager secret that has to exist."""

    logical_id: str
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Stack:
    """Everything of a template that a host has to serve."""

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

    def queue(self, logical_id: str) -> Queue:
        """The queue of that logical id.

        Raises:
            TemplateError: There is none.
        """
        for queue in self.queues:
            if queue.logical_id == logical_id:
                return queue
        raise TemplateError(f"Resources.{logical_id}", "there is no such queue")
