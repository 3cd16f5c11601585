"""`groundwork serve`: run the functions of one host on services that run elsewhere."""

import asyncio
import logging
import os
import signal
import sys
import time
from typing import TYPE_CHECKING

from groundwork_command.commands.up import new_runner
from groundwork_command.instance import project
from groundwork_command.instance.deployment import Deployment, assemble_host
from groundwork_command.instance.serving import settings_to_serve, wait_for_schema
from groundwork_command.long_lived import exclude_from_collections
from groundwork_command.services.home import Home
from groundwork_command.terminal.output import clear_failures, note

if TYPE_CHECKING:
    from groundwork_lambda_host.settings import HostSettings

SERVES = "Groundwork serves at {url} after {seconds:.1f} s"


def serve() -> None:
    """Check the settings, wait for the schema, and serve until SIGINT or SIGTERM."""
    from groundwork_lambda_host.settings import HostSettings

    with clear_failures(), new_runner() as runner:
        settings = settings_to_serve(os.environ)
        host_settings = HostSettings.from_environ(os.environ)
        deployment = Deployment(
            settings,
            dict(os.environ),
            Home(settings.home),
            settings.database_url,
            settings.fetch_allow,
        )
        deployment.stack()  # a wrong template or function ends the start here
        _log_as_json()
        runner.run(_serve(deployment, host_settings))


async def _serve(deployment: Deployment, host_settings: "HostSettings") -> None:
    from groundwork_lambda_host.readiness import ReadinessProbe

    began = time.monotonic()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if not await _schema_is_there(deployment, stop):
        return
    host = assemble_host(deployment, host_settings)
    if host.gateway.find("/health/ready") is not None:
        host.add(ReadinessProbe(host.address))
    try:
        await host.start()
        exclude_from_collections()
        note(SERVES.format(url=host.address, seconds=time.monotonic() - began))
        await stop.wait()
        note("Stopping")
    finally:
        await host.drain()


async def _schema_is_there(deployment: Deployment, stop: asyncio.Event) -> bool:
    """Wait for the schema; return False if the host is stopped first. Raises ServiceError."""
    settings = deployment.settings
    waiting = asyncio.ensure_future(
        wait_for_schema(
            settings.database_url, project.migrations(), settings.schema_wait_seconds, note
        )
    )
    stopped = asyncio.ensure_future(stop.wait())
    await asyncio.wait({waiting, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if waiting.done():
        stopped.cancel()
        waiting.result()
        return True
    waiting.cancel()
    return False


def _log_as_json() -> None:
    """Write the host's own log to standard error, one JSON object a line."""
    from groundwork_runtime.logs import JsonFormatter

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter("host"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # a line for each greeting of a peer
