"""Cancel a distribution that has not gone out."""

from __future__ import annotations

from uuid import UUID

from groundwork_core.errors import Conflict, NotFound
from groundwork_core.publishing.distributions import DISTRIBUTIONS
from groundwork_core.publishing.ports import DistributionsWork
from groundwork_core.resources.ports import Stored


def cancel_distribution(row_id: UUID, *, work: DistributionsWork) -> Stored:
    """Cancel a draft or scheduled distribution of any version. Cancelling again has no effect.

    Raises:
        NotFound: there is no distribution with this id.
        Conflict: it has gone out.
    """
    with work:
        cancelled = work.distributions.cancel(row_id)
        stored = work.resources.read(DISTRIBUTIONS, row_id)
        if stored is None:
            raise NotFound(DISTRIBUTIONS.missing())
        status = stored.parsed()["status"]
        if not cancelled and status != "cancelled":
            message = f"The distribution is {status}; one that is not yet sent can be cancelled."
            raise Conflict(message, field="status")
    return stored
