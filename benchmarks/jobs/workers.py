"""Workers that lease over HTTP: one thread and one connection each, in a process of their own.

`python -m benchmarks.jobs.workers URL TOKEN KIND COUNT SECONDS PAUSE JOBS HANDED` works for so
long, leasing so many jobs a request, and prints one line of JSON: jobs done, and for each the
seconds from its creation to its start. If HANDED is `together`, the jobs of a lease are reported by
one request and handed in by another; if it is `each`, each job by its own. The statements are about
topics of the kind, so that no run finds what an earlier one has stated.
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

OK = 200


class Worker:
    """Leases jobs, and for each of them reports once and hands in ten statements."""

    def __init__(self, url: str, token: str, kind: str, name: str, jobs: int, handed: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._asked: dict[str, Any] = {"kinds": [kind], "worker": name, "lease_seconds": 60}
        if jobs > 1:
            self._asked["max"] = jobs
        self._work = self._work_together if handed == "together" else self._work_each
        self.done = 0
        self.waits: list[float] = []

    def run(self, until: float, pause_seconds: float) -> None:
        while time.time() < until:
            leased = self._post("/api/v1/jobs/lease", self._asked)
            jobs = [] if leased is None else leased.get("items", [leased])
            if not jobs:
                time.sleep(pause_seconds)
            else:
                self._work(jobs)

    def _work_each(self, jobs: list[dict[str, Any]]) -> None:
        for job in jobs:
            self._note(job)
            place = f"/api/v1/jobs/{job['id']}"
            held = {"lease_token": job["lease_token"]}
            self._post(f"{place}/status", {**held, "progress": 0.5})
            result = statements(int(job["payload"]["n"]), job["kind"])
            self._post(f"{place}/results", {**held, "result": result})
            self.done += 1

    def _work_together(self, jobs: list[dict[str, Any]]) -> None:
        for job in jobs:
            self._note(job)
        held = [{"id": job["id"], "lease_token": job["lease_token"]} for job in jobs]
        self._post_all("status", [{**one, "progress": 0.5} for one in held])
        results = [statements(int(job["payload"]["n"]), job["kind"]) for job in jobs]
        self._post_all(
            "results",
            [{**one, "result": result} for one, result in zip(held, results, strict=True)],
        )
        self.done += len(jobs)

    def _note(self, job: dict[str, Any]) -> None:
        self.waits.append(time.time() - job["payload"].get("made", time.time()))

    def _post_all(self, word: str, items: list[dict[str, Any]]) -> None:
        answer = self._post(f"/api/v1/jobs/{word}", {"items": items})
        if bad := [one for one in answer["results"] if one["status"] != OK]:
            raise RuntimeError(str(bad)[:300])

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        self._connection.request("POST", path, json.dumps(body), self._headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status not in (200, 204):
            message = f"{path}: {answer.status} {text[:300]!r}"
            raise RuntimeError(message)
        return json.loads(text) if text else None


def main() -> None:
    url, token, kind, count, seconds, pause, jobs, handed = sys.argv[1:]
    workers = [
        Worker(url, token, kind, f"worker {n}", int(jobs), handed) for n in range(int(count))
    ]
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
