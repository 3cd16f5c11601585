"""API keys."""

from uuid import UUID

from groundwork_core.caller import Caller
from groundwork_core.identity.api_key_hooks import ApiKeyWriteHooks
from groundwork_core.identity.api_keys import API_KEYS
from groundwork_core.identity.revoke_api_key import revoke_api_key
from groundwork_runtime.http import etags
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.response import HttpResponse
from groundwork_runtime.http.router import Router
from groundwork_runtime.wiring import Wiring

SHOWN = {"application/json": {"schema": {"$ref": "#/components/schemas/ApiKey"}}}


def write_hooks(wiring: Wiring, caller: Caller) -> ApiKeyWriteHooks:
    """Return the hooks: a key is shown once and has at most its creator's permissions."""
    return ApiKeyWriteHooks(by=caller, clock=wiring.clock)


router = Router()
ResourceRoutes(API_KEYS, write_hooks).register(router)


@router.post(
    "/api/v1/api-keys/<api_key_id>/revoke",
    needs="api-keys:write",
    operation_id="revokeApiKey",
    tag="api-keys",
    problems=(404,),
    result="The revoked API key.",
    returns=SHOWN,
    writes=True,
)
def revoke(api_key_id: UUID, caller: Caller, wiring: Wiring) -> HttpResponse:
    """Revoke an API key.

    It takes effect at once, for any version. The key stays listed and cannot be reactivated.
    """
    work = wiring.work()
    key = revoke_api_key(api_key_id, by=caller, work=work, clock=wiring.clock)
    position = {"X-Groundwork-Position": work.position} if work.position else {}
    return HttpResponse(200, key.body, headers={"ETag": etags.etag(key.tag), **position})
