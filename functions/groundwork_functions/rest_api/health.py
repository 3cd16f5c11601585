"""Liveness and readiness."""

from groundwork_runtime.http.response import HttpResponse
from groundwork_runtime.http.router import Router
from groundwork_runtime.readiness import check_all, emit_metrics, readiness_response
from groundwork_runtime.wiring import Wiring

ASKED_BY_MACHINES = "load balancers and start-up scripts have no account"

STATUS = {"type": "string", "enum": ["ok", "degraded"]}
LIVE = {"application/json": {"schema": {"type": "object", "properties": {"status": STATUS}}}}
DEPENDENCY = {
    "type": "object",
    "required": ["state", "needed", "milliseconds"],
    "properties": {
        "state": {"type": "string", "enum": ["ok", "down"]},
        "needed": {"type": "boolean", "description": "Whether requests fail without it."},
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
    result="The function runs.",
    returns=LIVE,
)
def live() -> HttpResponse:
    """Check that the function runs."""
    return HttpResponse(200, '{"status":"ok"}')


@router.get(
    "/health/ready",
    open=ASKED_BY_MACHINES,
    operation_id="healthReady",
    tag="health",
    result="`ok`, or `degraded` if an optional dependency is down; the state of each dependency.",
    returns=READY,
)
def ready(wiring: Wiring) -> HttpResponse:
    """Check each dependency.

    The status is 503 if a dependency that requests need is down.
    """
    found = check_all(wiring.settings, wiring.new_database)
    emit_metrics(found)
    return readiness_response(found)
