"""Kill a relay again and again while writers write, and compare both stores afterwards."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from groundwork_data.graph.driver import GraphDatabase
from groundwork_data.graph.verify import verify
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.outbox import PostgresBacklogs

from ..comparing import differences
from ..waiting import eventually
from .versions_seen import VersionsSeen
from .writers import Crew

if TYPE_CHECKING:
    from ..conftest import Graph

SCRIPT = Path(__file__).with_name("relay_process.py")
# The transaction in which a relay carries, known by the lock that it holds.
PASS = """
SELECT virtualtransaction FROM pg_locks WHERE locktype = 'advisory' AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (classid::bigint << 32 | objid::bigint) = hashtextextended('groundwork:outbox:graph', 0)
"""
WAIT_FOR_WORK_SECONDS = 6.0
CATCH_UP_SECONDS = 120.0


@dataclass(frozen=True)
class Plan:
    """A plan of changes and kills; the same seed gives the same plan."""

    changes: int
    kills: int
    seconds: float
    """About how long the changes take."""
    relay: str = "as_it_is"
    seed: int = 2026
    writers: int = 8
    rows_a_batch: int = 20
    promise_seconds: float = 0.5
    kill_after_seconds: tuple[float, float] = (0.0, 0.03)
    """A kill comes between so long and so long after the relay began to carry something."""
    meanwhile: Sequence[Callable[[], object]] = ()
    """Functions that are called once each, at random points."""


@dataclass
class Outcome:
    """The result of a run: differences between the stores, versions that went back, kills."""

    differences: list[str] = field(default_factory=list)
    went_back: list[str] = field(default_factory=list)
    verified: bool = False
    kills_at_work: int = 0
    kills_while_written: int = 0
    looks: int = 0
    seconds: float = 0.0


class RelayProcess:
    """One relay, started anew whenever it is killed."""

    def __init__(self, plan: Plan, database_url: str, graph: "Graph", log: Path) -> None:
        self._command = [sys.executable, str(SCRIPT), plan.relay]
        self._command += [str(plan.rows_a_batch), str(plan.promise_seconds)]
        self._environment = {
            **os.environ,
            "DATABASE_URL": database_url,
            "NEO4J_URI": graph.uri,
            "NEO4J_USER": graph.user,
            "NEO4J_PASSWORD": graph.password,
        }
        self._log = log
        self._database = Database(database_url, application_name="killer")

    def __enter__(self) -> "RelayProcess":
        with self._log.open("w") as log:
            self._starter = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._starter.communicate(timeout=30)
        self._database.close()

    def start(self) -> None:
        assert self._starter.stdin
        assert self._starter.stdout
        self._starter.stdin.write("another\n")
        self._starter.stdin.flush()
        self._pid = int(self._starter.stdout.readline())

    def kill(self) -> None:
        """As the kernel kills, without a word. Raises ProcessLookupError if it ended by itself."""
        os.kill(self._pid, signal.SIGKILL)

    def kill_at_work(self, after_seconds: float) -> bool:
        """Kill it some time after it began to carry something; say whether it still did."""
        ends = time.monotonic() + WAIT_FOR_WORK_SECONDS
        before = self._pass()
        while self._pass() in {None, before} and time.monotonic() < ends:
            time.sleep(0.002)
        time.sleep(after_seconds)
        met = self._pass() is not None
        self.kill()
        return met

    def _pass(self) -> str | None:
        row = self._database.row(PASS)
        return str(row[0]) if row else None


def carry_through(plan: Plan, database_url: str, graph: "Graph", folder: Path) -> Outcome:
    """Write, kill, let it catch up by itself, and compare."""
    random_ = Random(plan.seed)  # noqa: S311 - can be repeated
    began = time.monotonic()
    outcome = Outcome()
    crew = Crew(database_url, plan.seed, plan.writers)
    with (
        RelayProcess(plan, database_url, graph, folder / "relay.log") as relay,
        VersionsSeen(graph.driver) as seen,
    ):

        def kill() -> None:
            outcome.kills_at_work += relay.kill_at_work(random_.uniform(*plan.kill_after_seconds))
            outcome.kills_while_written += crew.at_work
            relay.start()

        acts = [*[kill] * plan.kills, *plan.meanwhile]
        random_.shuffle(acts)
        points = sorted(random_.sample(range(plan.changes * 9 // 10), len(acts)))
        crew.start(plan.changes, plan.seconds)
        for point, act in zip(points, acts, strict=True):
            while crew.done < point and crew.at_work:
                time.sleep(0.002)
            act()
        crew.join()
        assert eventually(lambda: caught_up(database_url), CATCH_UP_SECONDS)
    outcome.looks, outcome.went_back = seen.looks, seen.went_back
    outcome.differences = differences(database_url, graph.driver)
    outcome.verified = verified(database_url, graph)
    outcome.seconds = time.monotonic() - began
    print(f"\n{plan.changes} changes, seed {plan.seed}: {said(outcome, plan)}")
    return outcome


def said(outcome: Outcome, plan: Plan) -> str:
    return (
        f"{plan.kills} kills, {outcome.kills_at_work} at work and {outcome.kills_while_written}"
        f" while others wrote; {outcome.looks} looks at all versions, {len(outcome.went_back)} went"
        f" back; {len(outcome.differences)} differences; {outcome.seconds:.1f} s"
    )


def caught_up(database_url: str) -> bool:
    database = Database(database_url, application_name="catching up")
    try:
        return not PostgresBacklogs(database).of("graph").waiting
    finally:
        database.close()


def verified(database_url: str, graph: "Graph") -> bool:
    """Return the report of `groundwork graph verify`."""
    database = Database(database_url, application_name="verifier")
    neo4j = GraphDatabase(graph.uri, graph.user, graph.password)
    try:
        report = verify(database, neo4j)
        return report.ok and not report.waiting
    finally:
        neo4j.close()
        database.close()
