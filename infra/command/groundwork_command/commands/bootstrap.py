"""`groundwork bootstrap`: create what a migrated deployment lacks. Safe to repeat."""

import os
from typing import Literal

from groundwork_command.instance import accounts
from groundwork_command.instance.deployment import Deployment
from groundwork_command.instance.serving import settings_to_serve
from groundwork_command.services.home import Home
from groundwork_command.terminal.output import clear_failures, note, result


def bootstrap(output: Literal["json", "text"]) -> None:
    """Create the missing queues, the keys, and the first admin.

    Existing things do not change, except attributes of queues. The admin's password must be set:
    nobody would read a generated password in a container's output.
    """
    with clear_failures():
        settings = settings_to_serve(os.environ, "GROUNDWORK_ADMIN_PASSWORD")
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
    note("All queues and keys exist.")
    note(f"First admin: {settings.admin_email}" if made else "An admin exists.")
