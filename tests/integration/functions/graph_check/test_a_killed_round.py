"""A round goes on where it was after its process was killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from groundwork_data.graph.check import Check

from ....waiting import eventually
from ..graph_api.conftest import Api
from .rounds import ADA, a_round, found, place, run

DYING = """
import os, sys, time
from groundwork_core.knowledge.graph.check_drift import check_drift
from groundwork_data.graph import slices
from groundwork_data.graph.actual_rows import ActualRows
from groundwork_runtime.wiring import wiring
slices.SLICE = 10
between = ActualRows.between
def slowly(actual, stage, after, upto):
    print("reading", flush=True)
    time.sleep(60)
ActualRows.between = slowly
parts = wiring()
check_drift(60, lasts_seconds=float(sys.argv[1]), rounds=parts.graph_rounds,
               comparison=parts.graph_comparison)
"""


@contextmanager
def killed_in_the_middle(api: Api, lasts_seconds: float) -> Iterator[None]:
    """A process that has the round, and is killed while it reads a slice."""
    settings = api.wiring.settings
    variables = {
        "DATABASE_URL": settings.database_url,
        "NEO4J_URI": settings.neo4j_uri,
        "NEO4J_USER": settings.neo4j_user,
        "NEO4J_PASSWORD": settings.neo4j_password,
    }
    with subprocess.Popen(
        [sys.executable, "-c", DYING, str(lasts_seconds)],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"reading\n"
        yield
        process.send_signal(signal.SIGKILL)


def test_a_round_of_the_graph_check_resumes_after_a_kill(
    api: Api, known: Mapping[str, str]
) -> None:
    api.wiring.graph.run(ADA + "SET n.name = 'Eve'")
    assert found(run(api.wiring)) == {"altered": 1}
    before = place(api)
    with killed_in_the_middle(api, lasts_seconds=4):
        run(api.wiring)
        assert place(api) == before  # the round is that process'

    def goes_on() -> bool:
        run(api.wiring)
        return place(api) != before

    assert eventually(goes_on)
    assert Check.from_json(place(api) or {}).report.entities == 20
    # What is behind it is not compared again; what was found there is not forgotten.
    api.wiring.graph.run("MATCH (n:Entity {name: 'Bell'}) SET n.name = 'Bull'")
    assert found(a_round(api.wiring, api)) == {"altered": 1}
