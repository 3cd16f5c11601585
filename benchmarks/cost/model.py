"""The model: from users and sources to what is used in a month, and to dollars."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.cost import prices

DAYS = 30.4
SECONDS_A_DAY = 86_400

# What one of each takes. Durations and CPU are rounded up from docs/benchmarks.
REQUEST_SECONDS = 0.012  # rest_api at 512 MB, wall, with its round trip to the database
REQUEST_GB = 0.5
REQUEST_CPU_SECONDS = 0.0022  # docs/benchmarks/api.md: read and write mixed 4 to 1, with gateway
REQUEST_KB = 4
POLL_BATCH = 10
POLL_BATCH_SECONDS = 2.5  # ten polls side by side; the slowest decides
POLL_CPU_SECONDS = 0.006
POLL_KB = 25  # most are answered with 304
DOCUMENT_SECONDS = 0.05  # extraction, results and relay of one, at 1 GB
DOCUMENT_CPU_SECONDS = 0.010  # docs/benchmarks/real-feeds.md
DOCUMENT_KB = 20  # rows, indexes and versions
DOCUMENT_MESSAGES = 12  # SQS requests: send, receive and delete of each step
LOG_LINE_KB = 0.6
TRACED = 0.05  # X-Ray's default sampling
BUSY = 0.5  # share of a core's time that a container should use


@dataclass(frozen=True, slots=True)
class Size:
    """A size of deployment."""

    name: str
    users: int
    sources: int
    databases: str
    """Class of the databases in `prices`."""
    requests_a_user_day: int = 1_500
    socket_hours_a_day: int = 8
    events_a_user_day: int = 2_000
    polls_a_source_day: int = 48
    documents_a_source_day: float = 4.0
    years_kept: float = 1.0

    @property
    def requests(self) -> float:
        """REST and GraphQL requests a month."""
        return self.users * self.requests_a_user_day * DAYS

    @property
    def polls(self) -> float:
        """Polls of sources a month."""
        return self.sources * self.polls_a_source_day * DAYS

    @property
    def documents(self) -> float:
        """New documents a month."""
        return self.sources * self.documents_a_source_day * DAYS

    @property
    def stored_gb(self) -> float:
        """Gigabytes in Postgres at the end of the time that documents are kept."""
        return max(20.0, self.documents * 12 * self.years_kept * DOCUMENT_KB / 1e6)


SIZES = (
    Size("small", users=100, sources=5_000, databases="small"),
    Size("medium", users=1_000, sources=5_000, databases="medium"),
    Size("large", users=10_000, sources=50_000, databases="large"),
)


def shared(size: Size) -> dict[str, float]:
    """Return the costs that are the same for functions and containers."""
    hours, lines = prices.HOURS, size.requests + size.polls + size.documents * 3
    logs_gb = lines * LOG_LINE_KB / 1e6
    fetched_gb = (size.polls * POLL_KB + size.documents * 50) / 1e6
    answers_gb = size.requests * REQUEST_KB / 1e6
    return {
        "PostgreSQL, Multi-AZ": prices.POSTGRES_HOUR[size.databases] * hours
        + size.stored_gb * prices.POSTGRES_GB_MONTH,
        "Neo4j on EC2": prices.NEO4J_HOUR[size.databases] * hours
        + size.stored_gb / 2 * prices.EBS_GB_MONTH,
        "queues": (size.documents * DOCUMENT_MESSAGES + size.polls / POLL_BATCH * 3)
        * prices.SQS_REQUEST,
        "network": 2 * hours * prices.NAT_HOUR
        + fetched_gb * prices.NAT_GB
        + 4 * hours * prices.ENDPOINT_HOUR
        + answers_gb * prices.EGRESS_GB,
        "logs, traces, alarms, secrets": logs_gb * (prices.LOG_GB + 3 * prices.LOG_KEPT_GB_MONTH)
        + size.requests * TRACED * prices.TRACE
        + 12 * prices.ALARM_MONTH
        + 6 * prices.SECRET_MONTH,
        "firewall": prices.FIREWALL_MONTH + size.requests * prices.FIREWALL_REQUEST,
    }


def as_functions(size: Size) -> dict[str, float]:
    """Return the costs of computing with Lambda and API Gateway."""
    minutes = size.users * size.socket_hours_a_day * 60 * DAYS
    gb_seconds = (
        size.requests * REQUEST_SECONDS * REQUEST_GB
        + size.polls / POLL_BATCH * POLL_BATCH_SECONDS
        + size.documents * DOCUMENT_SECONDS
        + 3 * SECONDS_A_DAY * DAYS / 60 * 3  # three schedules a minute, about 3 GB-s each
    )
    calls = size.requests + size.polls / POLL_BATCH + size.documents
    return {
        "Lambda": gb_seconds * prices.LAMBDA_GB_SECOND + calls * prices.LAMBDA_REQUEST,
        "API Gateway": size.requests * prices.REST_REQUEST,
        "WebSockets": minutes * prices.SOCKET_MINUTE
        + size.users * size.events_a_user_day * DAYS * prices.SOCKET_MESSAGE,
        "RDS Proxy": 2 * prices.PROXY_VCPU_HOUR * prices.HOURS,
    }


def as_containers(size: Size) -> dict[str, float]:
    """Return the costs of computing with hosts on Fargate behind a load balancer."""
    cpu_seconds = (
        size.requests * REQUEST_CPU_SECONDS
        + size.polls * POLL_CPU_SECONDS
        + size.documents * DOCUMENT_CPU_SECONDS
    )
    # Two thirds of a day's load fall into eight hours.
    peak = cpu_seconds / DAYS / SECONDS_A_DAY * 2 / BUSY
    hosts = max(2, -(-int(peak * 100) // 200))  # of two cores; two for availability
    each = 2 * prices.FARGATE_VCPU_HOUR + 4 * prices.FARGATE_GB_HOUR
    return {
        f"{hosts} hosts on Fargate (2 vCPU, 4 GB)": hosts * each * prices.HOURS,
        "load balancer": prices.HOURS
        * (prices.LOAD_BALANCER_HOUR + hosts * prices.LOAD_BALANCER_UNIT_HOUR),
    }


def break_even_users(sources: int = 5_000) -> int:
    """Return from how many users on containers cost less than functions."""
    low, high = 1, 1_000_000
    while low < high:
        users = (low + high) // 2
        size = Size("", users=users, sources=sources, databases="medium")
        if sum(as_functions(size).values()) > sum(as_containers(size).values()):
            high = users
        else:
            low = users + 1
    return low
