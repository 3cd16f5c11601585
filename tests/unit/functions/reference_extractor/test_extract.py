"""The reference worker with a batch of messages, on a made API."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4

import pytest

from groundwork_client import ApiError, Client
from groundwork_functions.reference_extractor import extract as module
from groundwork_functions.reference_extractor import statements
from groundwork_functions.reference_extractor.extract import extract

SOURCE = {"id": str(uuid4()), "name": "S", "url": "https://s.example/", "state": {"title": "T"}}
DOCUMENT = {
    "id": str(uuid4()),
    "source_id": SOURCE["id"],
    "revision": 1,
    "url": None,
    "title": "t",
    "author": "Ada",
    "summary": "",
    "content": "",
    "language": None,
    "content_hash": "",
}


def leased(**fields: object) -> dict[str, Any]:
    job = {"id": str(uuid4()), "kind": "extract", "payload": {}, "attempt": 1, "max_attempts": 5}
    token = {"lease_token": str(uuid4()), "document_id": DOCUMENT["id"]}
    return job | token | {"document": DOCUMENT, "source": SOURCE} | fields


class Api:
    """Leases these jobs, and keeps what else it is asked."""

    def __init__(self, *jobs: dict[str, Any], failing: int = 200) -> None:
        self.jobs, self.failing = jobs, failing
        self.leases: list[Any] = []
        self.failures: list[Any] = []
        self.sent: list[Mapping[str, Any]] = []

    def __call__(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        asked = json.loads(body) if body else None
        if url.endswith("/lease"):
            self.leases.append(asked)
            return 200, {}, json.dumps({"items": self.jobs}).encode()
        if url.endswith("/failure"):
            self.failures.append(asked)
            return self.failing, {}, b'{"type": "/problems/lease-lost"}'
        return 404, {}, b"{}"

    def run(self, *messages: str, send: Callable[[Any], None] | None = None) -> None:
        def keep(results: Sequence[Mapping[str, Any]]) -> None:
            self.sent += results

        with Client("http://api", "key", worker="w/1", send=self) as client:
            extract(messages, client=client, send=send or keep, registrable_host=str)


def test_a_batch_is_one_lease_with_its_documents_and_one_call_of_the_queue() -> None:
    jobs = [leased(), leased()]
    api = Api(*jobs)
    api.run("m1", "m2")
    (asked,) = api.leases
    assert (asked["messages"], asked["include"]) == (["m1", "m2"], ["document"])
    assert [one["job_id"] for one in api.sent] == [job["id"] for job in jobs]
    assert [one["lease_token"] for one in api.sent] == [job["lease_token"] for job in jobs]


def test_messages_for_which_nothing_waits_need_no_work() -> None:
    api = Api()
    api.run("m1")
    assert (api.sent, api.failures) == ([], [])


@pytest.mark.parametrize("missing", [{"document_id": None}, {}])
def test_a_job_without_a_document_fails_alone(missing: dict[str, None]) -> None:
    """It has none, or its document is deleted meanwhile."""
    api = Api(leased(document=None, source=None, **missing), leased())
    api.run("m1", "m2")
    assert [one["class"] for one in api.failures] == ["bad_input"]
    assert len(api.sent) == 1


def test_a_fault_of_the_worker_fails_one_job(monkeypatch: pytest.MonkeyPatch) -> None:
    really, calls = statements.state, iter((True, False))

    def once(*given: Any, **more: Any) -> Any:
        return 1 / 0 if next(calls) else really(*given, **more)

    monkeypatch.setattr(module, "state", once)
    api = Api(leased(), leased())
    api.run("m1", "m2")
    assert [one["class"] for one in api.failures] == ["internal"]
    assert len(api.sent) == 1


@pytest.mark.parametrize("answer", [409, 404])
def test_a_job_whose_lease_is_lost_fails_no_other_job(answer: int) -> None:
    api = Api(leased(document_id=None, document=None, source=None), leased(), failing=answer)
    api.run("m1", "m2")
    assert len(api.sent) == 1


def test_results_that_cannot_be_sent_raise_so_messages_come_again() -> None:
    def refuse(_results: object) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        Api(leased()).run("m1", send=refuse)


def test_a_refused_lease_is_raised() -> None:
    class Closed(Api):
        def __call__(self, *given: Any) -> tuple[int, Mapping[str, str], bytes]:
            return 403, {}, b"{}"

    with pytest.raises(ApiError):
        Closed().run("m1")
