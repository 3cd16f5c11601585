"""Workers that lease jobs over the gateway of an instance."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx2
from tests.child_instance import Instance
from websockets.sync.client import connect

from ..waiting import eventually

Json = dict[str, Any]


def add(client: httpx2.Client, kind: str) -> Json:
    made = client.post("/api/v1/jobs", json={"kind": kind, "payload": {"n": 1}})
    assert made.status_code == 201, made.text
    job: Json = made.json()
    return job


def lease(client: httpx2.Client, kind: str, seconds: int) -> httpx2.Response:
    body = {"kinds": [kind], "worker": "e2e", "lease_seconds": seconds}
    return client.post("/api/v1/jobs/lease", json=body)


def act(client: httpx2.Client, job: Json, word: str, **body: object) -> httpx2.Response:
    sent = {"lease_token": job["lease_token"], **body}
    return client.post(f"/api/v1/jobs/{job['id']}/{word}", json=sent)


def test_only_one_of_two_workers_holds_a_job_even_after_a_freeze(
    admin: httpx2.Client,
) -> None:
    kind, key = f"e{uuid4().hex}", f"frozen {uuid4()}"
    made = add(admin, kind)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: lease(admin, kind, 2), range(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 204]
    frozen = next(answer.json() for answer in answers if answer.status_code == 200)

    def shown() -> Json:
        found: Json = admin.get(f"/api/v1/jobs/{made['id']}").json()
        return found

    assert eventually(lambda: shown()["status"] == "queued")
    awake = lease(admin, kind, 600).json()
    assert (awake["id"], awake["attempt"]) == (made["id"], 2)
    result = {"entities": [{"ref": "a", "type": "topic", "key": key, "name": "Ice"}]}
    late = act(admin, frozen, "results", result=result)
    assert late.status_code == 409
    assert late.json()["type"].endswith("/lease-lost")
    assert admin.get("/api/v1/entities", params={"key": key}).json()["items"] == []
    assert act(admin, awake, "results", result=result).json()["status"] == "succeeded"
    assert len(admin.get("/api/v1/entities", params={"key": key}).json()["items"]) == 1
    attempts = admin.get(f"/api/v1/jobs/{made['id']}/attempts").json()["items"]
    assert [(one["number"], one["outcome"]) for one in attempts] == [
        (1, "expired"),
        (2, "succeeded"),
    ]


def test_progress_of_a_job_reaches_its_listeners(instance: Instance, admin: httpx2.Client) -> None:
    kind = f"e{uuid4().hex}"
    made = add(admin, kind)
    add(admin, kind)
    ticket = admin.post("/api/v1/auth/ws-ticket").json()["ticket"]
    with connect(f"ws://127.0.0.1:{instance.port}/ws?ticket={ticket}") as socket:
        topic = f"job:{made['id']}"
        socket.send(json.dumps({"action": "subscribe", "topics": [topic]}))
        assert json.loads(socket.recv(10))["type"] == "subscribed"
        job = lease(admin, kind, 600).json()
        assert job["id"] == made["id"]
        act(admin, job, "status", progress=0.25, message="a quarter")
        message = json.loads(socket.recv(30))
        while message["type"] != "progress":
            message = json.loads(socket.recv(30))
        assert (message["topic"], message["data"]["id"]) == (topic, made["id"])
        assert (message["data"]["progress"], message["data"]["message"]) == (0.25, "a quarter")
        assert "lease_token" not in message["data"]
