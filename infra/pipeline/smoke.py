"""Try a deployed stage from outside: a few checks, then requests whose latency is measured.

    KEY=gw_… .venv/bin/python infra/pipeline/smoke.py https://api.example.org --requests 500

The API key needs sources:read and entities:read. Fails on a check, on an error, or if the 95th
percentile is over --p95-ms.
"""

from __future__ import annotations

import argparse
import http
import os
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import urllib3

CLIENTS = 10
TIMEOUT_SECONDS = 10.0
OK = (200,)
STRANGERS = (401,)
HIDDEN = (404, 401, 403)
"""A gateway in front may answer for what is not there."""


@dataclass(frozen=True)
class Stage:
    """A deployed stage and how it is reached."""

    url: str
    key: str
    pool: urllib3.PoolManager

    def get(self, path: str, *, with_key: bool = True) -> tuple[int, float]:
        """Return the status of one GET and how long it took, in milliseconds."""
        headers = {"X-API-Key": self.key} if with_key else {}
        began = time.perf_counter()
        answer = self.pool.request("GET", self.url + path, headers=headers, retries=False)
        return answer.status, (time.perf_counter() - began) * 1000


def faults(stage: Stage) -> list[str]:
    """Return what is wrong with a stage, one line each."""
    expected = (
        ("/health/live", True, OK),
        ("/api/v1/sources?limit=1", True, OK),
        ("/api/v1/entities?limit=1", True, OK),
        ("/api/v1/sources?limit=1", False, STRANGERS),
        ("/docs", False, HIDDEN),
        ("/metrics", False, HIDDEN),
    )
    found = []
    for path, with_key, status in expected:
        got, _ = stage.get(path, with_key=with_key)
        if got not in status:
            found.append(f"GET {path} answered {got}, not {status[0]}")
    return found


def main() -> int:
    """Print what was found; return 1 if the stage is not good."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("url")
    arguments.add_argument("--requests", type=int, default=200)
    arguments.add_argument("--p95-ms", type=float, default=500.0)
    given = arguments.parse_args()
    pool = urllib3.PoolManager(maxsize=CLIENTS, timeout=TIMEOUT_SECONDS)
    stage = Stage(given.url.rstrip("/"), os.environ.get("KEY", ""), pool)
    found = faults(stage)
    with ThreadPoolExecutor(CLIENTS) as clients:
        asked = ["/api/v1/entities?limit=20"] * given.requests
        answers = list(clients.map(stage.get, asked))
    errors = sum(status != http.HTTPStatus.OK for status, _ in answers)
    p95 = statistics.quantiles([ms for _, ms in answers], n=20)[-1]
    if errors:
        found.append(f"{errors} of {given.requests} requests failed")
    if p95 > given.p95_ms:
        found.append(f"the 95th percentile is {p95:.0f} ms, over {given.p95_ms:.0f}")
    sys.stdout.write(f"{given.requests} requests, 95th percentile {p95:.0f} ms\n")
    sys.stderr.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
