"""Preferences."""

from groundwork_core.caller import Caller
from groundwork_core.configuration.preference_hooks import PreferenceWriteHooks
from groundwork_core.configuration.resources import PREFERENCES
from groundwork_runtime.http.resources import ResourceRoutes
from groundwork_runtime.http.router import Router
from groundwork_runtime.wiring import Wiring


def write_hooks(wiring: Wiring, _caller: Caller) -> PreferenceWriteHooks:
    """Return the hooks: a value must match the schema of its key."""
    # The library of JSON Schema is imported for the first key with a schema, not at a cold start.
    return PreferenceWriteHooks(wiring.preference_schemas, lambda: wiring.json_schemas)


router = Router()
ResourceRoutes(PREFERENCES, write_hooks).register(router)
