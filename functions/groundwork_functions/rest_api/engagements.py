"""Engagements."""

from collections.abc import Mapping

from groundwork_core.publishing.count_engagements import count_engagements
from groundwork_core.publishing.engagements import ENGAGEMENTS, BatchEngagement
from groundwork_core.resources.bulk import BulkOutcome
from groundwork_runtime.http.bulk import BulkRoute
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router
from groundwork_runtime.wiring import Wiring


def count(items: Mapping[int, BatchEngagement], wiring: Wiring) -> BulkOutcome:
    """Store each engagement once."""
    return count_engagements(items, work=wiring.work(), clock=wiring.clock)


router = Router()
ResourceRoutes(ENGAGEMENTS).register(router)
BulkRoute(
    ENGAGEMENTS, BatchEngagement, count, word="batch", verb="create", summary_verb="Create"
).register(router)
