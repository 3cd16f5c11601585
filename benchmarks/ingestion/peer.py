"""Let a plain program poll the same addresses, as a peer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.ingestion.running import Run


def peer(run: Run) -> dict[str, Any]:
    """Let the peer poll the same addresses of the same web; in the same Postgres."""
    run.web.start(0.0)
    path = run.folder / "peer.json"
    path.write_text(json.dumps(list(run.web.urls)))
    before = run.usage.cpu()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.ingestion.plain_program", str(path)],
        env={
            **os.environ,
            "DATABASE_URL": run.instance.addresses["DATABASE_URL"],
            "REQUESTS_CA_BUNDLE": str(run.web.bundle),
        },
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    after = run.usage.cpu()
    found["postgres_cpu"] = round(after["PostgreSQL"] - before["PostgreSQL"], 1)
    found["seen"] = run.web.seen()
    return found
