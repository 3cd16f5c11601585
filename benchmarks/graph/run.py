"""Questions to graphs of 100,000 to 10,000,000 relationships, through HTTP and beside bare drivers.

    .venv/bin/python -m benchmarks.graph.run [--relationships 100000 1000000 10000000]
        [--asked 80] [--cache FOLDER] [--out docs/benchmarks]

The graphs are made once (10 million relationships: 10 minutes, 8 GB) and kept in the cache. Load
generator, gateway, functions, Postgres and Neo4j share the machine.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import count
from pathlib import Path

from tests.child_instance import Instance

from benchmarks.graph import stores
from benchmarks.graph.bare import Bare, Recorder, Statement
from benchmarks.graph.dataset import Shape
from benchmarks.graph.questions import Question, Variables, questions
from benchmarks.graph.report import write_report
from groundwork_command.services.neo4j import Memory

SIZES = (100_000, 1_000_000, 10_000_000)
CLIENTS = (1, 16)
ASKED = 80
"""Times that one client asks each question; 16 clients ask it three times as often together."""
WARM_UP_SECONDS = 3.0
"""For each question: Neo4j's own code is compiled while it runs, as is any Java program's."""
PASSWORD = "a-bench-mark-of-graphs"
MEMORY = {SIZES[-1]: Memory("2g", "3g")}
BUFFERS = {SIZES[-1]: "2g"}
"""Postgres', where a graph asks for more than the defaults."""


@dataclass(frozen=True)
class Measured:
    """One row of the table; milliseconds."""

    relationships: int
    question: str
    clients: int
    first: float
    p50: float
    p95: float
    bare_p50: float
    bare_p95: float
    statements: int
    errors: int


class Asker:
    """One client with a connection that it keeps."""

    def __init__(self, port: int, token: str) -> None:
        """Connect to loopback."""
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        self.errors = 0

    def ask(self, body: str) -> float:
        """Ask once; return milliseconds."""
        before = time.perf_counter()
        answer = self.answer(body)
        took = (time.perf_counter() - before) * 1000
        self.errors += b'"errors"' in answer
        return took

    def answer(self, body: str) -> bytes:
        """Ask once; return the answer."""
        self._connection.request("POST", "/graphql", body, self._headers)
        return self._connection.getresponse().read()


def together(clients: int, work: Callable[[int], list[float]]) -> list[float]:
    """Let clients work side by side; return all their times, sorted."""
    found: list[list[float]] = [[] for _ in range(clients)]

    def run(place: int) -> None:
        found[place] = work(place)

    threads = [threading.Thread(target=run, args=(place,)) for place in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(took for part in found for took in part)


def at(times: Sequence[float], share: float) -> float:
    """Return a percentile of sorted times; NaN when every asking failed."""
    if not times:
        return float("nan")
    return round(times[min(len(times) - 1, int(len(times) * share))], 1)


def body_of(question: Question, variables: Variables) -> str:
    """Return a request's body."""
    return json.dumps({"query": question.text, "variables": variables})


def _times(clients: int, asked: int) -> int:
    """Return how often each of so many clients asks a question."""
    return asked if clients == 1 else max(1, 3 * asked // clients)


def measure(up: Instance, relationships: int, asked: int) -> Iterator[Measured]:
    """Ask every question, first cold and then warm."""
    with up.client() as client:
        token = client.headers["Authorization"].removeprefix("Bearer ")
    one = Asker(up.port, token)
    addresses = {name: up.addresses[name] for name in
                 ("DATABASE_URL", "NEO4J_URI", "NEO4J_USER", "NEO4J_PASSWORD")}  # fmt: skip
    recorder, bare = Recorder(addresses), [Bare(addresses) for _ in range(max(CLIENTS))]
    shape = Shape.of(relationships)
    page = next(q for q in questions(shape, str) if q.name == "neighbours")

    @cache
    def second(id_: str) -> str:
        answer = json.loads(one.answer(body_of(page, {"id": id_})))
        cursor: str = answer["data"]["entity"]["neighbours"]["pageInfo"]["endCursor"]
        return cursor

    @cache
    def body(question: Question, n: int) -> str:
        return body_of(question, question.variables(n))

    every = questions(shape, second)
    first = {question: one.ask(body(question, 0)) for question in every}
    most = max(clients * _times(clients, asked) for clients in CLIENTS)
    for question in every:
        ends = time.monotonic() + WARM_UP_SECONDS
        for n in count():
            one.ask(body(question, n % most))  # each that will be asked: else the disk is measured
            if n >= most and time.monotonic() > ends:
                break
    for question in every:
        sent: list[list[Statement]] = [recorder.statements(body(question, n)) for n in range(asked)]
        for statements in sent:
            bare[0].replay(statements)
        for clients in CLIENTS:
            times = _times(clients, asked)
            askers = [Asker(up.port, token) for _ in range(clients)]
            bodies = [body(question, n) for n in range(clients * times)]

            def through_http(place: int, askers: list[Asker] = askers, times: int = times,
                             bodies: list[str] = bodies) -> list[float]:  # fmt: skip
                return [askers[place].ask(bodies[place * times + n]) for n in range(times)]

            def without(place: int, times: int = times,
                        sent: list[list[Statement]] = sent) -> list[float]:  # fmt: skip
                turns = ((place * times + n) % len(sent) for n in range(times))
                return [bare[place].replay(sent[n]) for n in turns]

            for both in (through_http, without):  # environments start, each connection plans
                together(clients, both)
            ours, theirs = together(clients, through_http), together(clients, without)
            errors = sum(asker.errors for asker in askers)
            row = Measured(relationships, question.name, clients, round(first[question], 1),
                           at(ours, 0.5), at(ours, 0.95), at(theirs, 0.5), at(theirs, 0.95),
                           len(sent[0]), errors)  # fmt: skip
            print(row, flush=True)
            yield row
    for each in (recorder, *bare):
        each.close()


def main() -> None:
    """Measure all sizes and write the report."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--relationships", type=int, nargs="+", default=list(SIZES))
    arguments.add_argument("--asked", type=int, default=ASKED)
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    arguments.add_argument("--cache", type=Path, default=default / "groundwork" / "graphs")
    arguments.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    options = arguments.parse_args()
    rows: list[Measured] = []
    for relationships in options.relationships:
        memory = MEMORY.get(relationships, Memory())
        made = stores.ensure(options.cache, relationships, memory, print)
        settings = {
            **made.settings,
            "GROUNDWORK_POSTGRES_BUFFERS": BUFFERS.get(relationships, ""),
            "GROUNDWORK_RATE_LIMIT": "0",
        }
        with Instance(made.home, settings, password=PASSWORD) as up:
            rows += measure(up, relationships, options.asked)
    write_report([asdict(row) for row in rows], options.out)


if __name__ == "__main__":
    main()
