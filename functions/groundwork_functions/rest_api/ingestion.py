"""The state of ingestion: sources by status, backlog, freshness and slow hosts."""

from groundwork_core.sources.ingestion import Ingestion
from groundwork_core.sources.watch_ingestion import watch_ingestion
from groundwork_runtime.http.router import Router
from groundwork_runtime.wiring import Wiring

router = Router()


@router.get(
    "/api/v1/ingestion",
    needs="sources:read",
    operation_id="getIngestion",
    result="Counts of sources, the backlog, a day's polls and documents, and the slowest hosts.",
    tag="sources",
)
def show(wiring: Wiring) -> Ingestion:
    """Read the state of ingestion."""
    return watch_ingestion(work=wiring.work(), clock=wiring.database_clock)
