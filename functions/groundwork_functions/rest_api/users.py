"""Users."""

from uuid import UUID

from groundwork_core.caller import Caller
from groundwork_core.configuration.preference_schemas import EffectivePreferences, effective
from groundwork_core.identity.account_hooks import UserWriteHooks
from groundwork_core.identity.resources import USERS
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router
from groundwork_runtime.wiring import Wiring


def write_hooks(wiring: Wiring, caller: Caller) -> UserWriteHooks:
    """Return the hooks: permission rules; a new password or disabling ends sessions."""
    # The first password imports the hashing library, not the cold start.
    return UserWriteHooks(
        by=caller, hasher=lambda: wiring.password_hasher, clock=wiring.database_clock
    )


router = Router()
ResourceRoutes(USERS, write_hooks).register(router)


@router.get(
    "/api/v1/users/<user_id>/preferences/effective",
    needs="preferences:read",
    operation_id="readEffectivePreferences",
    tag="preferences",
    result="The values by key.",
    problems=(404, 409),
)
def effective_preferences(user_id: UUID, caller: Caller, wiring: Wiring) -> EffectivePreferences:
    """Read a user's preferences, with the defaults of the keys' schemas."""
    return effective(
        user_id, by=caller, schemas=wiring.preference_schemas, checker=wiring.json_schemas
    )
