"""A poll as the REST API shows it."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field


class PollShown(BaseModel):
    """One poll: its requests and its outcome."""

    at: datetime
    status: str
    http_status: int | None
    duration_ms: int
    bytes: int
    new: int = Field(description="Number of new documents.")
    changed: int = Field(description="Number of documents with a new revision.")
    error: str | None = Field(description="The class of the failure.")
    redirects: int
    requests: int = Field(description="Requests that were sent, including redirects.")
