"""Ports of exports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.exports.model import RunningExport
from groundwork_core.identity.callers import AccountState
from groundwork_core.resources.resource import Resource
from groundwork_core.unit_of_work import Transaction

AccountOf = Callable[[UUID], AccountState | None]
"""Returns the present state and rights of an account."""


class ExportFiles(Protocol):
    """Stores files by key. Each is there as a whole or not at all.

    Keys are those of `RunningExport.folder` with a name after them. All methods raise Unavailable
    when the store cannot be reached or refuses, with the reason.
    """

    def put(self, key: str, content: bytes) -> None:
        """Store a file; replace the one with this key."""
        ...

    def read(self, key: str) -> bytes:
        """Return a file's content. Raises NotFound: it is not there."""
        ...

    def address(self, key: str, valid_seconds: int) -> str | None:
        """Return a URL that anybody can download a file from; None: only `read` has it."""
        ...

    def remove(self, folder: str) -> None:
        """Remove all files whose key begins with `folder`."""
        ...

    def remove_before(self, moment: datetime) -> int:
        """Remove the files of all runs that began before `moment`; return how many files."""
        ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The rows of a resource at one moment."""

    at: datetime
    rows: Iterator[str]
    """The JSON of each row without line breaks, as lists of the API show it, by id."""


class Snapshots(Protocol):
    """Reads whole resources as of one moment."""

    def of(self, resource: Resource, since: datetime | None) -> AbstractContextManager[Snapshot]:
        """Read the rows that were changed since a time; None: all rows.

        Rows are read while they are iterated, so memory holds a few at a time.
        """
        ...


@dataclass(frozen=True, slots=True)
class ExportEnd:
    """The outcome of an export."""

    status: Literal["succeeded", "failed"]
    result: dict[str, JsonValue] | None = None
    error: dict[str, JsonValue] | None = None


@dataclass(frozen=True, slots=True)
class ExportRun:
    """A run of a schedule that exports."""

    status: str
    result: dict[str, JsonValue] | None


class ExportStore(Protocol):
    """The exports that wait or run, and the runs that they belong to."""

    def add(self, run_id: UUID, schedule_id: UUID, resource: str, *, changed_only: bool) -> None:
        """Let an export wait for a worker."""
        ...

    def is_running(self, schedule_id: UUID) -> bool:
        """Return whether an export of a schedule waits or runs."""
        ...

    def claim(self, now: datetime, until: datetime) -> RunningExport | None:
        """Claim the oldest export that no worker holds now. Each claim is a new attempt."""
        ...

    def extend(self, export: RunningExport, until: datetime) -> bool:
        """Hold a claim for longer; False: it is lost, or the schedule was deleted."""
        ...

    def last_snapshot(self, schedule_id: UUID, resource: str) -> datetime | None:
        """Return the moment of the last export of a schedule that succeeded."""
        ...

    def end(self, export: RunningExport, end: ExportEnd) -> bool:
        """Store the end in the run, and show it as the schedule's last; False: as `extend`."""
        ...

    def find(self, run_id: UUID) -> ExportRun | None:
        """Return a run."""
        ...


class ExportsWork(Transaction, Protocol):
    """A unit of work with exports."""

    @property
    def exports(self) -> ExportStore:
        """The exports."""
        ...
