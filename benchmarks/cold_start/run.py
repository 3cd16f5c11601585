"""Cold start of every function: import and first event, beside FastAPI + Mangum.

    .venv/bin/python -m benchmarks.cold_start.run

Each run is a new process with exactly the environment that the host gives the function, on live
services. The peer reads one entity by FastAPI, SQLAlchemy and psycopg, with the same token check:
what our rest_api's first event does.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

import psutil
from tests.child_instance import Instance

from benchmarks.cold_start import events
from benchmarks.machine import described

RUNS = 5
PEER = "peer: FastAPI + Mangum + SQLAlchemy"
GRAPH_PEER = "peer: FastAPI + Mangum + Ariadne + Neo4j driver"
GRAPH = "groundwork_functions.graph_api.handler.handler"
REST = "groundwork_functions.rest_api.handler.handler"
TRACED = "rest_api, traced by X-Ray"
TRACE = "Root=1-6565a5a5-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1"
"""The value that Lambda sets in `_X_AMZN_TRACE_ID` for a sampled event."""
PROGRAMS = {
    TRACED: REST,
    PEER: "benchmarks.cold_start.peer.handler",
    GRAPH_PEER: "benchmarks.cold_start.graph_peer.handler",
}
"""The handlers of rows with other names."""


def environments(root: psutil.Process) -> dict[str, dict[str, str]]:
    """The environment variables of every function's process, by the function's name."""
    found: dict[str, dict[str, str]] = {}
    for process in root.children(recursive=True):
        variables = process.environ()
        if "_HANDLER" in variables:
            found[variables["_HANDLER"]] = variables
    return found


def first_events(token: str, email: str, password: str, entity_id: str) -> dict[str, events.Event]:
    """An event for each handler."""
    bearer = {"Authorization": f"Bearer {token}"}
    read = events.http(
        "GET",
        f"/api/v1/entities/{entity_id}",
        "/api/v1/{proxy+}",
        headers=bearer,
        path_parameters={"proxy": f"entities/{entity_id}"},
    )
    query = "query($id: ID!) { entity(id: $id) { name } }"
    asked = events.http(
        "POST",
        "/graphql",
        "/graphql",
        headers=bearer,
        body={"query": query, "variables": {"id": entity_id}},
    )
    return {
        REST: read,
        TRACED: read,
        "groundwork_functions.identity.handler.handler": events.http(
            "POST",
            "/api/v1/auth/login",
            "/api/v1/auth/{proxy+}",
            body={"email": email, "password": password},
            path_parameters={"proxy": "login"},
        ),
        GRAPH: asked,
        "groundwork_functions.realtime.handler.handler": events.socket("$connect"),
        "groundwork_functions.scheduler.handler.handler": events.schedule(),
        "groundwork_functions.relay.handler.handler": events.schedule(),
        "groundwork_functions.webhooks.handler.handler": events.schedule(),
        "groundwork_functions.graph_check.handler.handler": events.schedule(),
        "groundwork_functions.document_marks.handler.handler": events.schedule(),
        "groundwork_functions.exports.handler.handler": events.schedule(),
        "groundwork_functions.fetch.handler.handler": events.queue_message(
            "FetchQueue", {"source_id": str(uuid4()), "ticket": str(uuid4()), "reason": "asked"}
        ),
        "groundwork_functions.reference_extractor.handler.handler": events.queue_message(
            "ExtractQueue", {"contract": "groundwork/job/1", "job_id": str(uuid4())}
        ),
        "groundwork_functions.job_timer.handler.handler": events.queue_message("JobTimerQueue", {}),
        "groundwork_functions.results.handler.handler": events.queue_message(
            "ResultsQueue", {"bad": True}
        ),
        PEER: read,
        GRAPH_PEER: asked,
    }


def measure(entry: str, event: Path, variables: dict[str, str]) -> dict[str, Any]:
    """Run it a few times and take the medians."""
    runs = []
    for _ in range(RUNS):
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.cold_start.first_event", entry, str(event)],
            env=variables,
            capture_output=True,
            text=True,
            check=True,
        )
        runs.append(json.loads(done.stderr.strip().splitlines()[-1]))
        expected = 401 if "realtime" in entry else 200  # its ticket is none
        assert runs[-1]["status"] in {None, expected}, (entry, runs[-1])  # None: no HTTP
    keys = ("import", "first_event", "total", "wall", "memory_mb")
    return {key: median(run[key] for run in runs) for key in keys} | {"status": runs[0]["status"]}


def main() -> None:
    """Measure all and write docs/benchmarks/cold-start.md."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    options = arguments.parse_args()
    results: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="groundwork-bench-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL's own user passes through
        with Instance(Path(folder) / "home") as up, up.client() as client:
            made = client.post(
                "/api/v1/entities", json={"name": "First", "type": "topic", "confidence": 1.0}
            )
            made.raise_for_status()
            token = client.headers["Authorization"].removeprefix("Bearer ")
            variables = environments(psutil.Process(up.process.pid))
            todo = first_events(token, up.email, up.password, made.json()["id"])
            database_url = variables[GRAPH]["DATABASE_URL"]
            variables[TRACED] = variables[REST] | {"_X_AMZN_TRACE_ID": TRACE}
            variables[PEER] = variables[GRAPH_PEER] = variables[GRAPH] | {
                "PEER_DATABASE_URL": database_url.replace("postgresql://", "postgresql+psycopg://"),
                "JWKS": client.get("/.well-known/jwks.json").text,
                "PYTHONPATH": os.getcwd(),  # noqa: PTH109 - a string is what it takes
            }
            for entry, event in todo.items():
                path = Path(folder) / "event.json"
                path.write_text(json.dumps(event))
                results[entry] = measure(PROGRAMS.get(entry, entry), path, variables[entry])
                print(entry, results[entry], flush=True)
    write_report(results, options.out)


def write_report(results: dict[str, dict[str, Any]], folder: Path) -> None:
    """Write the table."""
    graph = (GRAPH, GRAPH_PEER)
    share = {
        name: cell["total"] / results[GRAPH_PEER if name in graph else PEER]["total"]
        for name, cell in results.items()
    }
    lines = [
        "# Cold start of every function",
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d} by `python -m benchmarks.cold_start.run` on: "
        f"{described()}. Seconds of CPU, median of {RUNS} new processes, Python's own start left "
        "out; byte-compiled. The peer does rest_api's work (one entity read, token checked);"
        " graph_api is set beside a peer that asks Neo4j the same question through Ariadne.",
        "",
        "X-Ray: Lambda writes the segments of a traced function (`Tracing: Active`), and no "
        "function loads an SDK. The row `traced by X-Ray` has the trace id of a sampled event in "
        "its environment; what Lambda's own daemon costs is not in it.",
        "",
        "| function | import | first event | total CPU | of the peer's | wall | memory MB |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {name.removeprefix('groundwork_functions.').split('.')[0]} | "
            f"{cell['import']:.2f} | "
            f"{cell['first_event']:.2f} | **{cell['total']:.2f}** | {share[name]:.2f} | "
            f"{cell['wall']:.2f} | {cell['memory_mb']:.0f} |"
            for name, cell in sorted(results.items(), key=lambda item: item[1]["total"])
        ),
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cold-start.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
