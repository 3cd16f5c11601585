"""Groundwork for AI workers: lease jobs, read documents, hand in results.

    from groundwork_client import Client, Result

    with Client("https://groundwork.example.org", "gw_live_…", worker="people/1") as client:
        for job in client.jobs("extract"):
            with job:
                document = client.document(job.payload["document_id"])
                ...
                job.succeed(result)

The contract behind it: docs/contracts/ai.md.
"""

from groundwork_client.client import Client
from groundwork_client.documents import Document, Source
from groundwork_client.errors import (
    ApiError,
    BadInput,
    Cancelled,
    GroundworkError,
    Internal,
    JobFailure,
    LeaseLost,
    NotAllowed,
    NotFound,
    Refused,
    Retryable,
    Unreachable,
)
from groundwork_client.job import Job
from groundwork_client.keys import folded
from groundwork_client.statements import EntityType, Ref, Result, StatedBy
from groundwork_client.stopping import Stopping

__all__ = [
    "ApiError",
    "BadInput",
    "Cancelled",
    "Client",
    "Document",
    "EntityType",
    "GroundworkError",
    "Internal",
    "Job",
    "JobFailure",
    "LeaseLost",
    "NotAllowed",
    "NotFound",
    "Ref",
    "Refused",
    "Result",
    "Retryable",
    "Source",
    "StatedBy",
    "Stopping",
    "Unreachable",
    "folded",
]
