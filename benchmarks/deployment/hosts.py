"""One, two and three hosts under the same load; many keep-alive clients at one host."""

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil
from tests.hosts import ServingHost

from benchmarks.api.jobs import List, Read
from benchmarks.api.load import Heard, Job, Load
from benchmarks.deployment.stage import HTTP, Settings, deployed, fill

NUMBERS = (1, 2, 3)
CLIENTS = 16
CROWDS = (10, 100, 1_000)
WARM_SECONDS = 3.0


@dataclass(frozen=True)
class Row:
    """One run."""

    label: str
    job: str
    heard: Heard
    hosts_cpu_seconds: float
    memory_mb: float

    @property
    def cpu_ms(self) -> float:
        """CPU of the hosts for each response, in milliseconds."""
        responses = len(self.heard.latencies)
        return self.hosts_cpu_seconds * 1000 / responses if responses else 0.0

    @property
    def per_core(self) -> float:
        """Responses for each CPU second of the hosts: what one core of theirs gives."""
        return 1000 / self.cpu_ms if self.cpu_ms else 0.0

    @property
    def line(self) -> str:
        """The row of a table."""
        heard = self.heard
        shown = (
            f"{heard.per_second:,.0f}",
            f"{self.cpu_ms:.2f}",
            f"{self.per_core:,.0f}",
            f"{heard.percentile_ms(50):.1f}",
            f"{heard.percentile_ms(99):.1f}",
            f"{heard.percentile_ms(100):.0f}",
            str(heard.errors),
            f"{self.memory_mb:,.0f}",
        )
        return f"| {self.label} | {self.job} | {' | '.join(shown)} |"


HEAD = """\
| | request | responses per second | CPU of hosts per response, ms | responses per second and \
core | p50, ms | p99, ms | slowest, ms | errors | memory of hosts, MB |
|---|---|---|---|---|---|---|---|---|---|"""


def measure(services: Settings, seconds: float) -> str:
    """Return the text of the section."""
    with deployed(services) as settings:
        rows = [row for number in NUMBERS for row in _side_by_side(settings, number, seconds)]
        crowds = _crowds(settings, seconds)
    return f"""
Load generator, hosts and Postgres share the cores, so more hosts cannot give more responses \
here; the table shows whether a response costs more CPU if several hosts serve. \
{CLIENTS} keep-alive clients, which send the next request at once; at most two busy processes of a \
function per host, because all clients have one user; {seconds:g} s for each run.

{HEAD}
{_lines(rows)}

Keep-alive clients of one host, connected before the run; latencies grow with the number of \
clients, because each of them always waits for a response:

{HEAD}
{_lines(crowds)}

`.venv/bin/python -m benchmarks.deployment hosts`
"""


def _lines(rows: list[Row]) -> str:
    return "\n".join(row.line for row in rows)


def _side_by_side(settings: Settings, number: int, seconds: float) -> list[Row]:
    label = f"{number} host{'s' if number > 1 else ''}"
    with ExitStack() as stack:
        hosts = _started(stack, settings, number)
        token, ids = fill(hosts[0])
        jobs: tuple[Job, ...] = (Read(token, ids), List(token))
        return [_run(label, hosts, job, CLIENTS, seconds) for job in jobs]


def _crowds(settings: Settings, seconds: float) -> list[Row]:
    with ExitStack() as stack:
        hosts = _started(stack, settings, 1)
        token, ids = fill(hosts[0])
        return [
            _run(f"{crowd:,} clients", hosts, Read(token, ids), crowd, seconds) for crowd in CROWDS
        ]


def _started(stack: ExitStack, settings: Settings, number: int) -> list[ServingHost]:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    given = {**settings, "GROUNDWORK_FUNCTIONS": HTTP}
    hosts = [stack.enter_context(ServingHost(folder, given)) for _ in range(number)]
    return [host.ready() for host in hosts]


def _run(label: str, hosts: list[ServingHost], job: Job, clients: int, seconds: float) -> Row:
    first, *more = [("127.0.0.1", host.port) for host in hosts]
    Load(first, job, clients, *more).closed(WARM_SECONDS)
    load = Load(first, job, clients, *more)
    before, _ = _usage(hosts)
    heard = load.closed(seconds)
    after, memory = _usage(hosts)
    row = Row(label, job.name, heard, after - before, memory)
    print(row.line, flush=True)
    return row


def _usage(hosts: list[ServingHost]) -> tuple[float, float]:
    """CPU seconds and resident megabytes of the hosts' processes."""
    cpu = memory = 0.0
    for host in hosts:
        root = psutil.Process(host.process.pid)
        for process in [root, *root.children(recursive=True)]:
            times = process.cpu_times()
            cpu += times.user + times.system
            memory += process.memory_info().rss / 1e6
    return cpu, memory
