"""One leased job."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from groundwork_client.documents import Document, Source, moment
from groundwork_client.errors import (
    ApiError,
    Cancelled,
    Internal,
    JobFailure,
    LeaseLost,
    NotFound,
    error_of,
)
from groundwork_client.statements import Result
from groundwork_client.stopping import Stopping

if TYPE_CHECKING:
    from groundwork_client.http import Http

log = logging.getLogger(__name__)

MESSAGE_MAX = 2_000
CONTRACT = "groundwork/extraction-result/2"
_UNSET: Any = object()


class Job:
    """A job that this worker holds. Work on it inside `with job:`.

    The block always hands the job back. If it ends without `succeed`, `defer` or
    `release`, the job fails as `internal`. A JobFailure fails it with its class, any other
    exception as `internal`. Cancelled, and a stop of the worker, release it. None of these
    exceptions leaves the block, and neither does LeaseLost: the loop continues with the next job.

    Attributes:
        attempt: The number of this attempt, from 1 to `max_attempts`.
        checkpoint: The checkpoint that an earlier attempt stored, or None.
        reference: The outside batch that the job was deferred for.
        cancel_requested: True if a user has cancelled the job; the heartbeat sets it.
        lost: True if the lease has ended; nothing can be handed in.
    """

    def __init__(self, leased: Mapping[str, Any], http: Http, *, worker: str = "worker") -> None:
        self.worker = worker
        self.id: str = leased["id"]
        self.kind: str = leased["kind"]
        self.payload: dict[str, Any] = leased["payload"]
        self.attempt: int = leased["attempt"]
        self.max_attempts: int = leased["max_attempts"]
        self.document_id: str | None = leased.get("document_id")
        self.checkpoint: Any = leased.get("checkpoint")
        self.reference: str | None = leased.get("reference")
        self.leased_until = moment(leased.get("leased_until"))
        self.cancel_requested: bool = bool(leased.get("cancel_requested"))
        self.lost = False
        self.outcome: str | None = None
        self._shown = leased
        self._token: str = leased["lease_token"]
        self._http = http
        self.progress = 0.0
        self.kept: dict[str, Any] | None = None
        """The result, if it waits to be handed in with others."""
        self._keeps = False
        self._sent: dict[str, Any] = {}
        self._parts = 0
        # The heartbeat and the worker report through it, one at a time.
        self.lock = threading.Lock()

    @property
    def held(self) -> bool:
        """True if the job is neither handed in nor lost."""
        return (self.outcome is None or self.kept is not None) and not self.lost

    @property
    def unfinished(self) -> bool:
        """True if the job is held, and has no result that waits to be handed in."""
        return self.held and self.kept is None

    @property
    def document(self) -> Document | None:
        """The job's document: leased with it, or read now. Raises NotFound if it was deleted."""
        shown = self._shown.get("document")
        if shown is None and self.document_id is not None:
            shown = self._http.call("GET", f"/documents/{self.document_id}").body
        return Document.of(shown) if shown else None

    @property
    def source(self) -> Source | None:
        """The source of the job's document: leased with it, or read now. Raises NotFound."""
        shown = self._shown.get("source")
        if shown is None and (document := self.document) is not None:
            shown = self._http.call("GET", f"/sources/{document.source_id}").body
        return Source.of(shown) if shown else None

    def result_message(self, result: Result | Mapping[str, Any]) -> dict[str, Any]:
        """Return a result as a message for the results queue, in place of `succeed`.

        Send the message as JSON before the lease ends. Several messages are applied together, which
        is faster than `succeed`.
        """
        return {
            "contract": CONTRACT,
            "job_id": self.id,
            "attempt": self.attempt,
            "worker": self.worker,
            "lease_token": self._token,
            **_body(result),
        }

    def report(
        self, progress: float, message: str | None = None, *, checkpoint: object = _UNSET
    ) -> None:
        """Report progress from 0 to 1, and extend the lease; store a checkpoint of up to 64 KB.

        Raises:
            Cancelled: stop; leaving the block ends the job.
            LeaseLost: stop; another worker may have the job.
        """
        said: dict[str, object] = {"progress": progress}
        if message is not None:
            said["message"] = message[:MESSAGE_MAX]
        if checkpoint is not _UNSET:
            said["checkpoint"] = checkpoint
        with self.lock:
            self.progress = progress
            self._report(said)
        if self.cancel_requested:
            raise Cancelled(self.id)

    def beat(self) -> None:
        """Extend the lease; called by the heartbeat. Raises LeaseLost, never Cancelled."""
        with self.lock:
            if self.held:
                self._report({"progress": self.progress})

    def succeed(self, result: Result | Mapping[str, Any]) -> None:
        """Hand in the result. Raises LeaseLost, or Refused if it breaks the contract.

        In a loop with `hand_in="together"`, it is kept and handed in with those of the batch.
        """
        body = _body(result)
        if self._parts:
            body["part"] = self._parts + 1
        if self._keeps:
            self._must_be_open()
            with self.lock:
                self.kept, self.outcome = body, "succeeded"
        else:
            self._end("succeeded", "results", {"result": body})

    def keep_result(self) -> None:
        """Let `succeed` keep the result, for `hand_in_together`."""
        self._keeps = True

    def item(self, **said: object) -> dict[str, object]:
        """Return this job's item of a request for several jobs, with the given members."""
        return {"id": self.id, "lease_token": self._token, **said}

    def kept_is_sent(self) -> None:
        """Drop the kept result, which was sent; the job has no outcome yet."""
        self._sent, self.kept, self.outcome = self.kept or {}, None, None

    def hand_in_again(self) -> None:
        """Hand in alone the result that was sent with others. Raises the errors of `succeed`."""
        self._end("succeeded", "results", {"result": self._sent})

    def extended(self, taken: Mapping[str, Any]) -> None:
        """Keep the lease's new end and the request to cancel from the response to a report."""
        self.leased_until = moment(taken["leased_until"])
        self.cancel_requested = taken["cancel_requested"]

    def problem(self, said: Mapping[str, Any]) -> ApiError:
        """Return the error of this job in a response about several."""
        error = error_of(said["status"], said["error"])
        self.lost = self.lost or isinstance(error, LeaseLost | NotFound)
        return error

    def add(self, part: Result | Mapping[str, Any]) -> None:
        """Hand in a part of the result, which is applied at once and extends the lease.

        `succeed` hands in the last part. Raises LeaseLost, or Refused if the part breaks the
        contract.
        """
        with self.lock:
            numbered = {**_body(part), "partial": True, "part": self._parts + 1}
            self._post("results", {"result": numbered})
            self._parts += 1

    def fail(self, failure: JobFailure) -> None:
        """Report a failure. Raising the failure inside `with job:` does the same."""
        said: dict[str, object] = {
            "class": failure.failure,
            "message": (str(failure) or failure.failure)[:MESSAGE_MAX],
        }
        if failure.retry_after is not None:
            said["retry_after_seconds"] = round(failure.retry_after)
        self._end("failed", "failure", said)

    def release(self) -> None:
        """Give the job back; no attempt is counted."""
        self._end("released", "release", {})

    def defer(self, reference: str, check_after: float) -> None:
        """Give the job back until an outside batch should be checked; no attempt is counted.

        The job is leased again with `reference` after `check_after` seconds, at most 48 hours.
        """
        waits = {"reference": reference, "check_after_seconds": max(1, round(check_after))}
        self._end("deferred", "defer", waits)

    def __enter__(self) -> Self:
        """Begin the work."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Hand the job back, as the class describes."""
        if self.lost:
            log.warning("the lease of job %s is lost; its work is dropped", self.id)
        elif self.outcome is None:
            try:
                self._give_back(error)
            except (LeaseLost, NotFound):
                log.warning("the lease of job %s is lost; its work is dropped", self.id)
        # After Stopping, `jobs` ends. KeyboardInterrupt and other exits go on.
        return isinstance(error, Exception | Stopping)

    def _give_back(self, error: BaseException | None) -> None:
        if isinstance(error, JobFailure):
            log.warning("job %s failed: %s: %s", self.id, error.failure, error)
            self.fail(error)
        elif isinstance(error, Cancelled) or (error and not isinstance(error, Exception)):
            self.release()
        elif error is None:
            self.fail(Internal("the worker ended its work without a result"))
        else:
            log.error("job %s failed", self.id, exc_info=error)
            self.fail(Internal(f"{type(error).__name__}: {error}"))

    def _report(self, said: Mapping[str, object]) -> None:
        self.extended(self._post("status", said))

    def _end(self, outcome: str, action: str, body: Mapping[str, object]) -> None:
        self._must_be_open()
        with self.lock:
            try:
                self._post(action, body)
            except LeaseLost as error:
                # An earlier try ended the lease, and only its response was lost. Results are not
                # among them: the server gives a result that it already has the same response.
                if not error.repeated or outcome == "succeeded":
                    raise
                self.lost = False
            self.outcome = outcome

    def _must_be_open(self) -> None:
        if self.outcome is not None:
            message = f"job {self.id} has {self.outcome} already"
            raise RuntimeError(message)

    def _post(self, action: str, body: Mapping[str, object]) -> Any:
        try:
            sent = {"lease_token": self._token, **body}
            return self._http.call("POST", f"/jobs/{self.id}/{action}", sent).body
        except (LeaseLost, NotFound):
            self.lost = True
            raise


def _body(result: Result | Mapping[str, Any]) -> dict[str, Any]:
    return result.as_json() if isinstance(result, Result) else dict(result)
