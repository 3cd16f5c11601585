"""Give a publisher a new secret; the current one stays valid for a day."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from pydantic_core import to_json

from groundwork_core.clock import Clock
from groundwork_core.encryption.ports import Encryption
from groundwork_core.errors import NotFound
from groundwork_core.publishing.ports import PublishersWork
from groundwork_core.publishing.publisher_secrets import replace_publisher_secret
from groundwork_core.publishing.publishers import PUBLISHERS
from groundwork_core.resources.ports import Stored


def rotate_publisher(
    row_id: UUID, *, work: PublishersWork, clock: Clock, encryption: Encryption
) -> Stored:
    """Replace a publisher's secret, and return the publisher with the new one.

    A previous secret that is still valid becomes invalid at once, so that there are never three.

    Raises:
        NotFound: there is no publisher with this id.
        Unavailable: there is no data key, or the secret store cannot be reached.
    """
    with work:
        secret = replace_publisher_secret(
            row_id, stored=work.publisher_secrets, encryption=encryption, now=clock.now()
        )
        stored = work.resources.read(PUBLISHERS, row_id) if secret else None
    if stored is None:
        raise NotFound(PUBLISHERS.missing())
    return replace(stored, body=f"{stored.body[:-1]},{to_json({'secret': secret}).decode()[1:]}")
