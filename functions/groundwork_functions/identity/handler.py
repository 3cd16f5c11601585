"""Identity's entry: tokens, passwords, tickets, and who the caller is."""

from __future__ import annotations

from groundwork_functions.identity.routes import router
from groundwork_runtime.http.application import Application

handler = Application(router)
