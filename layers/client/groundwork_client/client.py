"""The client: lease jobs and work on them, read documents, make jobs."""

from __future__ import annotations

import logging
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from types import TracebackType
from typing import Any, Literal, Self
from uuid import UUID, uuid4

from groundwork_client.documents import Document, Source
from groundwork_client.errors import GroundworkError
from groundwork_client.heartbeat import Heartbeat
from groundwork_client.http import Http, Sends
from groundwork_client.job import Job
from groundwork_client.stopping import Stop

log = logging.getLogger(__name__)

IDLE_SECONDS = 1.0
IDLE_MAX_SECONDS = 5.0
BEATS_PER_LEASE = 3
"""Two beats may fail before the lease ends."""


class Client:
    """Groundwork for a worker. Safe to use from several threads."""

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        worker: str | None = None,
        retry_seconds: float = 60.0,
        send: Sends | None = None,
    ) -> None:
        """Connect to nothing yet.

        Args:
            url: Where Groundwork is, without `/api`; GROUNDWORK_URL if it is left out.
            api_key: A key with `jobs:write` and what else is read; GROUNDWORK_API_KEY else.
            worker: Name and version, shown with the attempts of jobs; the host's name else.
            retry_seconds: How long calls are tried again after 429, 5xx and lost connections.
            send: Replaces the HTTP library, for tests.
        """
        url = url or os.environ.get("GROUNDWORK_URL", "")
        api_key = api_key or os.environ.get("GROUNDWORK_API_KEY", "")
        if not url or not api_key:
            raise ValueError("give `url` and `api_key`, or set GROUNDWORK_URL, GROUNDWORK_API_KEY")
        self.worker = worker or platform.node() or "worker"
        headers = {"X-API-Key": api_key, "User-Agent": "groundwork-client/1"}
        self._http = Http(url, headers, retry_seconds=retry_seconds, send=send)
        self.stop = Stop()

    def jobs(
        self,
        *kinds: str,
        lease_seconds: int = 60,
        batch: int = 1,
        include: Sequence[Literal["document"]] = (),
        when_idle: Literal["wait", "stop"] = "wait",
    ) -> Iterator[Job]:
        """Lease jobs one after the other; a heartbeat extends their leases.

        SIGTERM and SIGINT end the loop (in the main thread): Stopping, a SystemExit, is raised in
        the job at work, `with job:` takes it, and all held jobs are released.

        Args:
            kinds: Such as `extract`.
            lease_seconds: A worker that dies holds its job for so long.
            batch: Jobs that one call leases, up to 100; they are yielded one by one.
            include: `document` brings the documents along, so that `Job.document` needs no call.
            when_idle: `wait` for jobs, or `stop` when none waits.
        """
        if not kinds:
            raise ValueError("name at least one kind of jobs")
        held: list[Job] = []
        with self.stop as stop, Heartbeat(lease_seconds / BEATS_PER_LEASE, Job.beat) as heart:
            idle = IDLE_SECONDS
            try:
                while not stop:
                    held = self.lease(
                        *kinds, lease_seconds=lease_seconds, batch=batch, include=include
                    )
                    if held:
                        idle = IDLE_SECONDS
                        heart.hold(held)
                        yield from self._each(held, stop)
                    elif when_idle == "stop":
                        return
                    else:
                        stop.wait(idle)
                        idle = min(idle * 2, IDLE_MAX_SECONDS)
            finally:
                for job in held:
                    _let_go(job)

    def _each(self, held: list[Job], stop: Stop) -> Iterator[Job]:
        """Yield the jobs one by one, and give back what the loop's body leaves."""
        for job in held:
            if stop:
                return
            if not job.held:
                continue
            stop.working = True
            try:
                yield job
            finally:
                stop.working = False
            _let_go(job)

    def lease(
        self,
        *kinds: str,
        lease_seconds: int = 60,
        batch: int = 1,
        messages: Sequence[str] = (),
        include: Sequence[Literal["document"]] = (),
    ) -> list[Job]:
        """Lease waiting jobs, without a heartbeat.

        Args:
            kinds: Such as `extract`.
            lease_seconds: A worker that dies holds its jobs for so long.
            batch: Jobs to lease, up to 100.
            messages: Ids of messages of the job queue, in place of `batch`: a job for each. If
                there are fewer jobs, nothing waits for the other messages; delete them.
            include: `document` brings the documents along, so that `Job.document` needs no call.
        """
        asked: dict[str, object] = {
            "kinds": list(kinds),
            "worker": self.worker,
            "lease_seconds": lease_seconds,
        }
        if messages:
            asked["messages"] = list(messages)
        elif batch > 1:
            asked["max"] = batch
        if include:
            asked["include"] = list(include)
        answer = self._http.call("POST", "/jobs/lease", asked)
        if answer.status == HTTPStatus.NO_CONTENT:
            return []
        leased = answer.body["items"] if messages or batch > 1 else [answer.body]
        return [Job(one, self._http, worker=self.worker) for one in leased]

    def add_job(
        self,
        kind: str,
        payload: Mapping[str, Any],
        *,
        priority: int = 5,
        document_id: str | UUID | None = None,
    ) -> str:
        """Queue a job and return its id. A retry makes no second one."""
        body: dict[str, object] = {"kind": kind, "payload": dict(payload), "priority": priority}
        if document_id is not None:
            body["document_id"] = str(document_id)
        once = {"Idempotency-Key": str(uuid4())}
        return str(self._http.call("POST", "/jobs", body, headers=once).body["id"])

    def document(self, document_id: str | UUID) -> Document:
        """Read a document. Raises NotFound."""
        return Document.of(self._http.call("GET", f"/documents/{document_id}").body)

    def documents(self, **filters: str | int) -> Iterator[Document]:
        """Read a list of documents: `source_id`, `q`, `published_after`, `sort` and so on."""
        for shown in self.pages("/documents", filters):
            yield Document.of(shown)

    def source(self, source_id: str | UUID) -> Source:
        """Read a source. Raises NotFound."""
        return Source.of(self._http.call("GET", f"/sources/{source_id}").body)

    def pages(self, path: str, filters: Mapping[str, str | int]) -> Iterator[Mapping[str, Any]]:
        """Read the items of a list under /api/v1, to its end."""
        query = dict(filters)
        while True:
            page = self._http.call("GET", path, query=query).body
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()


def _let_go(job: Job) -> None:
    """Release a job that is still held, as far as the server can be reached."""
    if job.held:
        log.info("job %s is released", job.id)
        try:
            job.release()
        except GroundworkError:
            log.warning("job %s is not released; its lease will expire", job.id, exc_info=True)
