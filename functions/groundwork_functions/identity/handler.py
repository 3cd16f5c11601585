"""Handler of the identity function: tokens, passwords, tickets, and the caller's account."""

from __future__ import annotations

from groundwork_functions.identity.routes import router
from groundwork_runtime.http.application import Application

handler = Application(router)
