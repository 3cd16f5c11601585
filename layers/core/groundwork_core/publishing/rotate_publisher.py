"""Give a publisher a new secret; the current one stays valid for a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from pydantic_core import to_json

from groundwork_core.clock import Clock
from groundwork_core.errors import NotFound
from groundwork_core.publishing.ports import PublishersWork
from groundwork_core.publishing.publishers import PUBLISHERS
from groundwork_core.publishing.signatures import new_secret
from groundwork_core.resources.ports import Stored

OVERLAP = timedelta(hours=24)
"""How long the replaced secret stays valid."""


def rotate_publisher(row_id: UUID, *, work: PublishersWork, clock: Clock) -> Stored:
    """Replace a publisher's secret, and return the publisher with the new one.

    A secret that was replaced before, and is still valid, ends at once: there are never three.

    Raises:
        NotFound: there is no publisher with this id.
    """
    secret = new_secret()
    with work:
        rotated = work.callbacks.rotate(row_id, secret, clock.now() + OVERLAP)
        stored = work.resources.read(PUBLISHERS, row_id) if rotated else None
    if stored is None:
        raise NotFound(PUBLISHERS.missing())
    return replace(stored, body=f"{stored.body[:-1]},{to_json({'secret': secret}).decode()[1:]}")
