"""A rolling deployment from the previous release to this one, migrations included, under load."""

import http.client
import itertools
import json
import math
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.earlier_release import EarlierRelease, unpack
from tests.hosts import ServingHost
from tests.pipeline_scripts import script

from benchmarks.deployment.stage import HTTP, Settings, deployed, prepare, token_of

CLIENTS = 6
PAUSE_SECONDS = 0.1
"""Between two requests of a client: the rate is the same whatever the hosts do."""
TIMEOUT_SECONDS = 60
SERVER_ERROR = 500
NO_ANSWER = 0


@dataclass(frozen=True)
class Answer:
    """One answer: when it was asked for, how long it took, its status (0: none came)."""

    at: float
    seconds: float
    status: int
    phase: str

    @property
    def failed(self) -> bool:
        """True if the request failed: no answer came, or one with a 5xx status."""
        return self.status == NO_ANSWER or self.status >= SERVER_ERROR


@dataclass
class Balancer:
    """A round-robin load balancer, which tries the next host if a connection is refused."""

    hosts: list[ServingHost]
    _turn: "itertools.count[int]" = field(default_factory=itertools.count)

    def connection(self) -> http.client.HTTPConnection | None:
        """Return a new connection, or None if no host takes one."""
        hosts = list(self.hosts)
        turn = next(self._turn)
        for number in range(len(hosts)):
            host = hosts[(turn + number) % len(hosts)]
            made = http.client.HTTPConnection("127.0.0.1", host.port, timeout=TIMEOUT_SECONDS)
            try:
                made.connect()
            except ConnectionRefusedError:
                continue
            return made
        return None


class Traffic:
    """Clients that read and write, each request on a connection of its own."""

    def __init__(self, balancer: Balancer, token: str) -> None:
        """Nothing is sent yet."""
        self.answers: list[Answer] = []
        self.phase = ""
        self._balancer = balancer
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._stop = threading.Event()
        self._numbers = itertools.count()

    def client(self) -> None:
        """Send requests until `_stop` is set."""
        while not self._stop.wait(PAUSE_SECONDS):
            number = next(self._numbers)
            entity = {"name": f"e{number}", "type": "topic", "confidence": 1}
            job = {"kind": "measured", "payload": {"n": number}}
            query = {"query": "{ entities(first: 1) { edges { node { name } } } }"}
            asked = (
                ("GET", "/api/v1/entities?limit=20", None),
                ("POST", "/api/v1/entities", entity),
                ("GET", "/api/v1/sources?limit=20", None),
                ("POST", "/api/v1/jobs", job),
                ("POST", "/graphql", query),
                ("GET", "/api/v1/me", None),
            )[number % 6]
            began, phase = time.monotonic(), self.phase
            status = self._ask(*asked)
            self.answers.append(Answer(began, time.monotonic() - began, status, phase))

    def _ask(self, method: str, path: str, body: object) -> int:
        connection = self._balancer.connection()
        if connection is None:
            return NO_ANSWER
        try:
            sent = json.dumps(body) if body is not None else None
            connection.request(method, path, sent, self._headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            return NO_ANSWER
        finally:
            connection.close()
        return answer.status

    @contextmanager
    def running(self) -> Iterator[None]:
        """Send for the length of a `with` block."""
        clients = [threading.Thread(target=self.client) for _ in range(CLIENTS)]
        for each in clients:
            each.start()
        try:
            yield
        finally:
            self._stop.set()
            for each in clients:
                each.join()


def measure(services: Settings, seconds: float) -> str:
    """Return the text of the section."""
    release = script("previous_release").recorded()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        previous = unpack(release.commit, folder)

        def set_up(settings: Settings) -> None:
            previous.run("migrate", environment=settings)
            previous.run("bootstrap", environment=settings)

        with deployed(services, set_up) as settings:
            given = {**settings, "GROUNDWORK_FUNCTIONS": HTTP}
            answers, took = _roll(given, previous, folder, seconds)
    statuses = sorted({one.status for one in answers if one.failed})
    failed = sum(one.failed for one in answers)
    share = 100 * (1 - failed / len(answers))
    return f"""
From the previous release (schema {release.schema}) to this one: two hosts of the old, the \
migrations, then each host replaced by one of the new release (the new one serves before the old \
one is stopped by SIGTERM). {CLIENTS} clients read and write all the time, each request on a new \
connection; a refused connection goes to the other host, as a load balancer does.

| phase | seconds | requests | failed | p50, ms | p99, ms | slowest, ms |
|---|---|---|---|---|---|---|
{_phases(answers, took)}

{len(answers):,} requests, {failed} failed{f" ({statuses})" if failed else ""}: {share:.3f} % \
answered.

`.venv/bin/python -m benchmarks.deployment rolling`
"""


def _roll(
    settings: Settings, previous: EarlierRelease, folder: Path, seconds: float
) -> tuple[list[Answer], dict[str, float]]:
    took: dict[str, float] = {}
    old = [ServingHost(folder, settings, command=previous.command) for _ in range(2)]
    new = [ServingHost(folder, settings) for _ in range(2)]
    try:
        for host in old:
            host.__enter__().ready()
        balancer = Balancer(list(old))
        with old[0].client() as admin:
            traffic = Traffic(balancer, token_of(admin))

        @contextmanager
        def phase(name: str) -> Iterator[None]:
            traffic.phase, began = name, time.monotonic()
            yield
            took[name] = time.monotonic() - began

        with phase("old release"), traffic.running():
            time.sleep(seconds)
            with phase("migrations"):
                prepare(settings)
            with phase("old release on the new schema"):
                time.sleep(seconds)
            with phase("hosts replaced"):
                for going, coming in zip(old, new, strict=True):
                    balancer.hosts.append(coming.__enter__().ready())
                    going.stop()
                    balancer.hosts.remove(going)
            with phase("new release"):
                time.sleep(seconds)
        took["old release"] = seconds
        return traffic.answers, took
    finally:
        for host in [*old, *new]:
            if hasattr(host, "process"):
                host.stop()


def _phases(answers: list[Answer], took: dict[str, float]) -> str:
    lines = []
    for name in dict.fromkeys(one.phase for one in answers):
        of_phase = [one for one in answers if one.phase == name]
        times = sorted(one.seconds * 1000 for one in of_phase)
        failed = sum(one.failed for one in of_phase)
        p50, p99 = (times[math.ceil(share * len(times)) - 1] for share in (0.5, 0.99))
        lines.append(
            f"| {name} | {took[name]:.1f} | {len(times):,} | {failed} | {p50:.0f} | {p99:.0f} |"
            f" {times[-1]:.0f} |"
        )
    return "\n".join(lines)
