"""Whether this works, and whether all that it needs does."""

from groundwork_runtime.http.response import HttpResponse
from groundwork_runtime.http.router import Router
from groundwork_runtime.readiness import check_all, readiness_answer, tell
from groundwork_runtime.wiring import Wiring

ASKED_BY_MACHINES = "load balancers and the start-up ask it, without any account"

STATUS = {"type": "string", "enum": ["ok", "degraded"]}
LIVE = {"application/json": {"schema": {"type": "object", "properties": {"status": STATUS}}}}
DEPENDENCY = {
    "type": "object",
    "required": ["state", "needed", "milliseconds"],
    "properties": {
        "state": {"type": "string", "enum": ["ok", "down"]},
        "needed": {"type": "boolean", "description": "Whether every request needs it."},
        "milliseconds": {"type": "integer"},
        "detail": {"type": "string"},
    },
}
READY = {
    "application/json": {
        "schema": {
            "type": "object",
            "required": ["status", "dependencies"],
            "properties": {
                "status": STATUS,
                "dependencies": {"type": "object", "additionalProperties": DEPENDENCY},
            },
        }
    }
}

router = Router()


@router.get(
    "/health/live",
    open=ASKED_BY_MACHINES,
    operation_id="healthLive",
    tag="health",
    returns=LIVE,
)
def live() -> HttpResponse:
    """Say that the function answers."""
    return HttpResponse(200, '{"status":"ok"}')


@router.get(
    "/health/ready",
    open=ASKED_BY_MACHINES,
    operation_id="healthReady",
    tag="health",
    returns=READY,
)
def ready(wiring: Wiring) -> HttpResponse:
    """Say how each dependency is. 503 when one that every request needs is down."""
    found = check_all(wiring.settings, wiring.new_database)
    tell(found)
    return readiness_answer(found)
