"""Test a deployed stage from outside: the checks of `groundwork doctor --env`, then a load.

    KEY=gw_… .venv/bin/python infra/pipeline/smoke.py https://api.example.org --requests 500

The API key needs sources:read, entities:read and jobs:read. The command fails if a check blocks, on
an error, or if the 95th percentile is over --p95-ms.
"""

from __future__ import annotations

import argparse
import http
import os
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import urllib3

from groundwork_command.instance.checks import State
from groundwork_command.outside.address import address_of
from groundwork_command.outside.examine import examine
from groundwork_command.services.service import ServiceError

CLIENTS = 10
TIMEOUT_SECONDS = 10.0
NO_RESPONSE = 0
STAGES = ("local", "dev", "staging", "prod")
PATH = "/api/v1/entities?limit=20"


def load(url: str, key: str, requests: int) -> tuple[int, float]:
    """Send requests; return how many failed, and the 95th percentile in milliseconds."""
    pool = urllib3.PoolManager(maxsize=CLIENTS, timeout=TIMEOUT_SECONDS)

    def ask(_number: int) -> tuple[int, float]:
        began = time.perf_counter()
        headers = {"X-API-Key": key} if key else {}
        try:
            status = pool.request("GET", url + PATH, headers=headers, retries=False).status
        except urllib3.exceptions.HTTPError:
            status = NO_RESPONSE
        return status, (time.perf_counter() - began) * 1000

    with ThreadPoolExecutor(CLIENTS) as clients:
        responses = list(clients.map(ask, range(requests)))
    errors = sum(status != http.HTTPStatus.OK for status, _ in responses)
    return errors, statistics.quantiles([ms for _, ms in responses], n=20)[-1]


def main() -> int:
    """Print the results; return 1 if a check or the load failed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("url")
    arguments.add_argument("--stage", choices=STAGES, default="staging")
    arguments.add_argument("--live-url", default="")
    arguments.add_argument("--requests", type=int, default=200)
    arguments.add_argument("--p95-ms", type=float, default=500.0)
    given = arguments.parse_args()
    key = os.environ.get("KEY", "")
    try:
        address = address_of(given.url, given.stage, key, given.live_url)
    except ServiceError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    findings = examine(address)
    for one in findings:
        sys.stdout.write(f"{one.state:8} {one.check}: {one.seen}\n")
    faults = [f"{one.check}: {one.do}" for one in findings if one.state is State.BLOCKS]
    errors, p95 = load(address.url, key, given.requests)
    if errors:
        faults.append(f"{errors} of {given.requests} requests failed")
    if p95 > given.p95_ms:
        faults.append(f"the 95th percentile is {p95:.0f} ms, over {given.p95_ms:.0f}")
    sys.stdout.write(f"{given.requests} requests, 95th percentile {p95:.0f} ms\n")
    sys.stderr.writelines(f"{line}\n" for line in faults)
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
