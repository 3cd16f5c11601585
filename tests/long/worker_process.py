"""A worker in a process of its own: `python worker_process.py URL TOKEN KIND KEY`.

It leases one job for three seconds, reports each second, and hands in what it holds at the first
line on its input. It prints a line for each step.
"""

import http.client
import json
import sys
import threading
from typing import Any
from urllib.parse import urlsplit

URL, TOKEN, KIND, KEY = sys.argv[1:]
LEASE_SECONDS = 3


def post(path: str, body: dict[str, Any]) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(urlsplit(URL).netloc, timeout=30)
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    connection.request("POST", f"/api/v1/jobs/{path}", json.dumps(body), headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text) if text else None


def main() -> None:
    asked = {"kinds": [KIND], "worker": "process", "lease_seconds": LEASE_SECONDS}
    status, job = post("lease", asked)
    print(json.dumps({"leased": status}), flush=True)
    token, done = {"lease_token": job["lease_token"]}, threading.Event()

    def report() -> None:
        while not done.wait(1):
            post(f"{job['id']}/status", {**token, "progress": 0.5})

    heartbeat = threading.Thread(target=report, daemon=True)
    heartbeat.start()
    sys.stdin.readline()
    done.set()
    heartbeat.join()
    result = {"entities": [{"ref": "a", "type": "topic", "key": KEY, "name": "Rain"}]}
    status, answer = post(f"{job['id']}/results", {**token, "result": result})
    print(json.dumps({"handed_in": status, "type": answer.get("type")}), flush=True)


main()
