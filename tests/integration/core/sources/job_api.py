"""The calls of the API that the reference worker makes, on a real database but without HTTP."""

import json
from collections.abc import Mapping
from urllib.parse import urlsplit
from uuid import UUID

from groundwork_core.clock import Clock
from groundwork_core.errors import GroundworkError
from groundwork_core.jobs.hold import fail_leased
from groundwork_core.jobs.include_documents import include_documents
from groundwork_core.jobs.lease import lease_for_messages
from groundwork_core.jobs.lease_messages import FailureReport, LeaseRequest
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.leased_documents import PostgresLeasedDocuments
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork


class JobApi:
    """Answers `Client` in place of the HTTP library."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def __call__(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Lease jobs for messages, or fail one."""
        parts = urlsplit(url).path.removeprefix("/api/v1/jobs/").split("/")
        work = PostgresUnitOfWork(self._database)
        if parts == ["lease"]:
            asked = LeaseRequest.model_validate_json(body or b"")
            leased = lease_for_messages(asked, work=work, clock=self._clock)
            documents = PostgresLeasedDocuments(self._database)
            items = ",".join(include_documents(leased, documents=documents))
            return 200, {}, f'{{"items":[{items}]}}'.encode()
        job_id, action = parts
        assert (method, action) == ("POST", "failure"), url
        report = FailureReport.model_validate_json(body or b"")
        try:
            fail_leased(UUID(job_id), report, work=work, clock=self._clock)
        except GroundworkError as error:
            problem = {"type": "/problems/lease-lost", "detail": error.detail}
            return 409, {}, json.dumps(problem).encode()
        return 200, {}, b"{}"
