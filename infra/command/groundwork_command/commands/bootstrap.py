"""`groundwork bootstrap`: create what a migrated deployment lacks. Safe to repeat."""

import os
from typing import Literal

from groundwork_command.instance import accounts
from groundwork_command.instance.deployment import Deployment
from groundwork_command.instance.serving import settings_to_serve
from groundwork_command.services.home import Home
from groundwork_command.terminal.output import clear_failures, note, result
from groundwork_runtime.settings import BadSettings


def bootstrap(output: Literal["json", "text"]) -> None:
    """Create the missing queues, the keys, and the first admin.

    Nothing that exists is changed but attributes of queues. The admin's password must be given: in
    a container nobody reads a printed one.
    """
    with clear_failures():
        settings = settings_to_serve(os.environ)
        if not settings.admin_password:
            raise BadSettings("GROUNDWORK_ADMIN_PASSWORD is missing")
        home = Home(settings.home)
        if settings.stage == "local":
            home.prepare()
        deployment = Deployment(settings, dict(os.environ), home, settings.database_url)
        deployment.create_queues()
        deployment.ensure_secrets()
        made = accounts.make_first_admin(os.environ, settings.admin_email, settings.admin_password)
    if output == "json":
        result({"first_admin": made})
        return
    note("Queues and keys are there.")
    note(f"First admin: {settings.admin_email}" if made else "An admin exists.")
