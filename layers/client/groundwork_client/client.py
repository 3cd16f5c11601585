"""The client: lease jobs and work on them, read documents, create jobs."""

from __future__ import annotations

import logging
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
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
from groundwork_client.together import beat_together, hand_in_together

log = logging.getLogger(__name__)

IDLE_SECONDS = 1.0
IDLE_MAX_SECONDS = 5.0
BEATS_PER_LEASE = 3
"""Two beats may fail before the lease ends."""


class Client:
    """A connection of a worker to Groundwork. Safe to use from several threads."""

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        worker: str | None = None,
        retry_seconds: float = 60.0,
        send: Sends | None = None,
    ) -> None:
        """Connects at the first call.

        Args:
            url: The address of Groundwork, without `/api`. Default: GROUNDWORK_URL.
            api_key: A key with `jobs:write` and the read permissions that the worker needs.
                Default:
                GROUNDWORK_API_KEY.
            worker: Name and version, shown with the attempts of jobs. Default: the machine's name.
            retry_seconds: How long calls are retried after 429, 5xx and lost connections.
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
        hand_in: Literal["each", "together"] = "each",
    ) -> Iterator[Job]:
        """Lease jobs and yield them one after the other; a heartbeat extends their leases.

        In the main thread, SIGTERM and SIGINT end the loop: they raise Stopping, a SystemExit, in
        the current job; `with job:` catches it, and all held jobs are released.

        Args:
            kinds: Kinds of jobs, such as `extract`.
            lease_seconds: How long a crashed worker still holds its job.
            batch: How many jobs one call leases, up to 100; they are yielded one by one.
            include: `document` leases jobs with their documents, so that `Job.document` needs no
                call.
            when_idle: `wait` for jobs, or `stop` if none is waiting.
            hand_in: `together` hands in the results of a batch by one request, after its last job.
                `Job.succeed` then returns before the result is accepted; a result that is refused
                fails its job as `internal`.
        """
        if not kinds:
            raise ValueError("name at least one kind of jobs")
        held: list[Job] = []
        beat = partial(beat_together, http=self._http)
        with self.stop as stop, Heartbeat(lease_seconds / BEATS_PER_LEASE, beat) as heart:
            idle = IDLE_SECONDS
            try:
                while not stop:
                    held = self.lease(
                        *kinds, lease_seconds=lease_seconds, batch=batch, include=include
                    )
                    if held:
                        idle = IDLE_SECONDS
                        for job in held if hand_in == "together" else ():
                            job.keep_result()
                        heart.hold(held)
                        yield from self._each(held, stop)
                        hand_in_together(held, self._http)
                    elif when_idle == "stop":
                        return
                    else:
                        stop.wait(idle)
                        idle = min(idle * 2, IDLE_MAX_SECONDS)
            finally:
                _hand_in_kept(held, self._http)
                for job in held:
                    _let_go(job)

    def _each(self, held: list[Job], stop: Stop) -> Iterator[Job]:
        """Yield the jobs one by one; release those that the body of the loop leaves unfinished."""
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
            kinds: Kinds of jobs, such as `extract`.
            lease_seconds: How long a crashed worker still holds its jobs.
            batch: How many jobs to lease, up to 100.
            messages: Ids of messages of the job queue, one job for each, in place of `batch`. If
                fewer jobs are returned, no jobs wait for the other messages: delete these.
            include: `document` leases jobs with their documents, so that `Job.document` needs no
                call.
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
        response = self._http.call("POST", "/jobs/lease", asked)
        if response.status == HTTPStatus.NO_CONTENT:
            return []
        leased = response.body["items"] if messages or batch > 1 else [response.body]
        return [Job(one, self._http, worker=self.worker) for one in leased]

    def add_job(
        self,
        kind: str,
        payload: Mapping[str, Any],
        *,
        priority: int = 5,
        document_id: str | UUID | None = None,
    ) -> str:
        """Queue a job and return its id. A retried call does not create a second job."""
        body: dict[str, object] = {"kind": kind, "payload": dict(payload), "priority": priority}
        if document_id is not None:
            body["document_id"] = str(document_id)
        once = {"Idempotency-Key": str(uuid4())}
        return str(self._http.call("POST", "/jobs", body, headers=once).body["id"])

    def document(self, document_id: str | UUID) -> Document:
        """Read a document. Raises NotFound."""
        return Document.of(self._http.call("GET", f"/documents/{document_id}").body)

    def documents(self, **filters: str | int) -> Iterator[Document]:
        """Yield the documents of a list.

        Filters: `source_id`, `q`, `published_after`, `sort`, ….
        """
        for shown in self.pages("/documents", filters):
            yield Document.of(shown)

    def source(self, source_id: str | UUID) -> Source:
        """Read a source. Raises NotFound."""
        return Source.of(self._http.call("GET", f"/sources/{source_id}").body)

    def pages(self, path: str, filters: Mapping[str, str | int]) -> Iterator[Mapping[str, Any]]:
        """Yield the items of a list under /api/v1, page after page."""
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
        """Close the connections."""
        self.close()


def _hand_in_kept(jobs: Sequence[Job], http: Http) -> None:
    """Hand in the results of a batch that ends early; ignore an unreachable server."""
    try:
        hand_in_together(jobs, http)
    except GroundworkError:
        log.warning("results are not handed in; the leases will expire", exc_info=True)


def _let_go(job: Job) -> None:
    """Release a job that has no result and is still held; ignore an unreachable server."""
    if job.unfinished:
        log.info("job %s is released", job.id)
        try:
            job.release()
        except GroundworkError:
            log.warning("job %s is not released; its lease will expire", job.id, exc_info=True)
