"""A process that hands in one result: `python result_process.py URL KEY JOB LEASE NAME`.

It does so at the first line on its input. It prints `ready`, and then the status of the response.
"""

import json
import sys

import urllib3

URL, KEY, JOB, LEASE, NAME = sys.argv[1:]


def main() -> None:
    pool = urllib3.PoolManager()
    headers = {"X-API-Key": KEY, "Content-Type": "application/json"}
    result = {"entities": [{"ref": "a", "type": "topic", "key": NAME, "name": NAME}]}
    body = json.dumps({"lease_token": LEASE, "result": result})
    pool.request("GET", f"{URL}/health/live", headers=headers)  # so that the connection is there
    print("ready", flush=True)
    sys.stdin.readline()
    answer = pool.request("POST", f"{URL}/api/v1/jobs/{JOB}/results", headers=headers, body=body)
    print(answer.status, flush=True)


main()
