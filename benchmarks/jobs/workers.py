"""Workers that lease over HTTP: one thread and one connection each, in a process of their own.

`python -m benchmarks.jobs.workers URL TOKEN KIND COUNT SECONDS PAUSE` works for so long and prints
one line of JSON: jobs done, and for each the seconds from its creation to its start.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from typing import Any
from urllib.parse import urlsplit

from benchmarks.jobs.results import statements


class Worker:
    """Leases one job after another, reports once, and hands in ten statements."""

    def __init__(self, url: str, token: str, kind: str, name: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._asked = {"kinds": [kind], "worker": name, "lease_seconds": 60}
        self.done = 0
        self.waits: list[float] = []

    def run(self, until: float, pause_seconds: float) -> None:
        while time.time() < until:
            job = self._post("/api/v1/jobs/lease", self._asked)
            if job is None:
                time.sleep(pause_seconds)
                continue
            self.waits.append(time.time() - job["payload"].get("made", time.time()))
            place = f"/api/v1/jobs/{job['id']}"
            held = {"lease_token": job["lease_token"]}
            self._post(f"{place}/status", {**held, "progress": 0.5})
            result = statements(int(job["payload"]["n"]))
            self._post(f"{place}/results", {**held, "result": result})
            self.done += 1

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        self._connection.request("POST", path, json.dumps(body), self._headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status not in (200, 204):
            message = f"{path}: {answer.status} {text[:300]!r}"
            raise RuntimeError(message)
        return json.loads(text) if text else None


def main() -> None:
    url, token, kind, count, seconds, pause = sys.argv[1:]
    workers = [Worker(url, token, kind, f"worker {n}") for n in range(int(count))]
    began = time.time()
    threads = [
        threading.Thread(target=worker.run, args=(began + float(seconds), float(pause)))
        for worker in workers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = sum(worker.done for worker in workers)
    waits = [wait for worker in workers for wait in worker.waits]
    print(json.dumps({"done": done, "seconds": time.time() - began, "waits": waits}), flush=True)


if __name__ == "__main__":
    main()
