"""Validate and apply results that workers hand in."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from groundwork_core.clock import Clock
from groundwork_core.errors import GroundworkError, Invalid, Unavailable
from groundwork_core.jobs.apply_together import apply_together
from groundwork_core.jobs.fail_jobs import fail_jobs
from groundwork_core.jobs.model import FailureClass
from groundwork_core.jobs.ports import JobFailure
from groundwork_core.knowledge.apply_results import apply_results
from groundwork_core.knowledge.model import StatedResult
from groundwork_core.knowledge.ports import ResultWork
from groundwork_core.knowledge.read_result import read_result
from groundwork_core.validation_faults import validation_faults

log = logging.getLogger(__name__)

TRIES = 3
SHOWN_FAULTS = 5


class HandedIn(BaseModel):
    """A result before validation; only its job is known."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, JsonValue]

    job_id: UUID

    def checked(self) -> StatedResult:
        """Return the validated result. Raises Invalid with the faults."""
        given: dict[str, JsonValue] = self.__pydantic_extra__ or {}
        try:
            return read_result({"job_id": self.job_id, **given})
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False, include_context=False)
            faults = validation_faults(found, given)
            lines = [f"{fault.pointer}: {fault.detail}" for fault in faults[:SHOWN_FAULTS]]
            raise Invalid(f"{len(faults)} faults: " + "; ".join(lines)) from None


class HandIn:
    """Applies a batch of results; a result that breaks the contract fails its job."""

    def __init__(self, *, work: Callable[[], ResultWork], clock: Clock) -> None:
        """`work` returns a new unit of work."""
        self._work = work
        self._clock = clock

    def __call__(
        self, batch: Sequence[HandedIn]
    ) -> Iterator[tuple[HandedIn, GroundworkError | None]]:
        """Yield each result with None, or with the error that prevented its storage."""
        good: list[tuple[HandedIn, StatedResult]] = []
        for handed in batch:
            try:
                good.append((handed, handed.checked()))
            except Invalid as broken:
                yield handed, self._reject(handed, broken)
        try:
            outcomes = apply_together(good, self._apply)
        except Unavailable as error:
            outcomes = [error] * len(good)
        for (handed, _), outcome in zip(good, outcomes, strict=True):
            if isinstance(outcome, Invalid):
                yield handed, self._reject(handed, outcome)
            else:
                yield handed, outcome

    def _apply(self, good: Sequence[tuple[HandedIn, StatedResult]]) -> list[None]:
        results = [result for _, result in good]
        for left in reversed(range(TRIES)):
            try:
                apply_results(results, work=self._work(), now=self._clock.now())
            except Unavailable:
                # Retry after a deadlock.
                if not left:
                    raise
            else:
                break
        return [None] * len(good)

    def _reject(self, handed: HandedIn, broken: Invalid) -> GroundworkError | None:
        details = "; ".join(f"{fault.pointer}: {fault.detail}" for fault in broken.faults)
        message = f"{broken.detail} {details}".strip()
        log.warning("bad result", extra={"job_id": str(handed.job_id), "detail": message})
        failure = JobFailure(handed.job_id, FailureClass.BAD_RESULT, message)
        try:
            fail_jobs([failure], work=self._work(), clock=self._clock)
        except GroundworkError as error:
            return error
        return None
