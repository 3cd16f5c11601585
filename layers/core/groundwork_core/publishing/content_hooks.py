"""Hooks of writes of contents: the allowed transitions of the status."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from groundwork_core.errors import Conflict
from groundwork_core.publishing.contents import (
    CONTENTS,
    ContentMove,
    ContentPatch,
    Status,
)
from groundwork_core.resources.ports import ResourceWork
from groundwork_core.resources.resource import Input
from groundwork_core.resources.write_hooks import NoWriteHooks

MOVES: Mapping[str, frozenset[Status]] = {
    "draft": frozenset({"published", "archived"}),
    "published": frozenset({"draft", "archived"}),
    "archived": frozenset({"draft"}),
}
"""An archived content becomes a draft first, so that it is reviewed before it is published."""


class ContentWriteHooks(NoWriteHooks[ResourceWork]):
    """Refuses transitions of the status that are not allowed."""

    def __init__(self) -> None:
        """`prepare` sets the new status."""
        self._wanted: Status | None = None
        self._must_move = False

    def prepare(self, given: Input, row_id: UUID | None, work: ResourceWork) -> Input:  # noqa: ARG002 - a port's signature
        """Remember the new status."""
        self._must_move = isinstance(given, ContentMove)
        if isinstance(given, ContentPatch | ContentMove) and "status" in given.model_fields_set:
            self._wanted = given.status
        return given

    def before_change(self, row_id: UUID, fields: frozenset[str], work: ResourceWork) -> None:  # noqa: ARG002 - as above
        """Check the transition. The version check prevents races.

        Raises:
            Conflict: the transition is not allowed.
        """
        if self._wanted is None:
            return
        now = work.resources.read(CONTENTS, row_id)
        if now is None:
            return
        status = str(now.parsed()["status"])
        if status == self._wanted and not self._must_move:
            return
        if self._wanted not in MOVES[status]:
            ways = " or ".join(sorted(MOVES[status]))
            message = f"The content is {status}; it can only become {ways}."
            raise Conflict(message, field="status")
