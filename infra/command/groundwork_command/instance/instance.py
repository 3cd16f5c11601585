"""One instance: start and stop its services, schema, queues, secrets and host."""

import asyncio
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from groundwork_command.instance import accounts, project, running
from groundwork_command.instance import schema as migrating
from groundwork_command.instance.deployment import Deployment, assemble_host
from groundwork_command.instance.settings import InstanceSettings
from groundwork_command.services.emulator import REGION, Emulator
from groundwork_command.services.home import Home, port_is_free
from groundwork_command.services.postgres import Postgres
from groundwork_command.services.service import OnStatus, ServiceError
from groundwork_command.services.supervisor import Supervisor, embedded

if TYPE_CHECKING:
    from groundwork_lambda_host.host import Host

logger = logging.getLogger("groundwork.instance")

DEMO = "demo"
DUMMY_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
"""Credentials for an external emulator without any; the embedded one has its own."""
OTHER_CREDENTIALS = ("AWS_SESSION_TOKEN", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")


class Instance:
    """An instance. `start` returns when it is ready, `stop` when all its processes have ended."""

    def __init__(
        self,
        settings: InstanceSettings,
        environment: Mapping[str, str],
        sink: Callable[[bytes], object] | None = None,
    ) -> None:
        """Run an embedded service for each address that the environment does not give.

        Args:
            settings: Validated settings.
            environment: The variables from which they were read.
            sink: Called with each log line of the functions; None means standard output.
        """
        self._sink = sink
        self.settings = settings
        self.home = Home(settings.home)
        self._environment = dict(environment)
        self._supervisor = Supervisor(self.home, embedded(self.home, self._environment))
        self._functions_database = ""
        self._embeds_postgres = Postgres.name in self._supervisor.pids
        self._host: Host | None = None

    @property
    def pids(self) -> dict[str, list[int]]:
        """Process ids of the embedded services."""
        return self._supervisor.pids

    @property
    def url(self) -> str:
        """Base URL of the instance."""
        return self.settings.url

    async def start(self, report: OnStatus) -> None:
        """Start everything. Raises ServiceError, with nothing left running, if a part fails."""
        self.home.must_be_free()
        port, address = self.settings.port, self.settings.address
        if not port_is_free(port, address):
            raise ServiceError(
                f"Port {port} of {address} is taken by another program, or this machine does not "
                "have this address. Set GROUNDWORK_PORT to a free port, or GROUNDWORK_ADDRESS."
            )
        try:
            await asyncio.to_thread(self._start_services, report)
            await self._start_host(report)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Drain the host, then stop the services. Safe to call twice."""
        if self._host is not None:
            host, self._host = self._host, None
            await host.drain()
        if self.home.held:
            running.forget(self.home)
        await asyncio.to_thread(self._supervisor.stop)

    # In a worker thread

    def _start_services(self, report: OnStatus) -> None:
        """Start the embedded services; prepare Postgres and queues while Neo4j starts."""
        self._environment.update(self._supervisor.start(report, partial(self._prepare, report)))
        report("graph", "migrating")
        migrating.migrate_graph(self._environment, project.migrations())
        report("graph", "ready")

    def _prepare(self, report: OnStatus, addresses: dict[str, str]) -> None:
        """Migrate Postgres; create missing queues, keys and the first admin."""
        environment = self._environment
        environment.update(addresses)
        if Emulator.name in self._supervisor.pids:
            for (
                name
            ) in OTHER_CREDENTIALS:  # keep a real AWS account's credentials from the emulator
                environment.pop(name, None)
        if environment.get("AWS_ENDPOINT_URL"):
            for name, value in DUMMY_CREDENTIALS.items():
                environment.setdefault(name, value)
        if self.settings.stage == "local":
            environment.setdefault("AWS_REGION", REGION)
        report("database", "migrating")
        owner = migrating.owner_url(environment)
        _, revision = migrating.migrate_postgres(owner, project.migrations())
        self._functions_database = migrating.url_of_functions(
            environment,
            partial(self.home.password, "postgres-functions") if self._embeds_postgres else None,
        )
        report("database", f"ready: schema {revision}")
        if environment.get("AWS_ENDPOINT_URL"):
            report("queues", "creating missing ones")
            self._deployment().create_queues()
            self._supervisor.on_restart = self._after_restart
            report("queues", "ready")
        if environment.get("AWS_ENDPOINT_URL"):
            self._deployment().ensure_secrets()
        self._first_admin()

    def _after_restart(self, name: str) -> None:
        """Create the queues again after a restart of the emulator, which loses its state."""
        if name == Emulator.name:
            self._deployment().create_queues()

    def _first_admin(self) -> None:
        given = self.settings.admin_password
        password = given or secrets.token_urlsafe(15)
        email = self.settings.admin_email
        if accounts.make_first_admin(self._environment, email, password):
            # Used by `groundwork demo` and other commands on this machine.
            accounts.save_admin(self.home, email, password, generated=not given)

    def _deployment(self) -> Deployment:
        return Deployment(
            self.settings,
            self._environment,
            self.home,
            self._functions_database,
            self._fetch_allow(),
        )

    def _fetch_allow(self) -> str:
        """Return GROUNDWORK_FETCH_ALLOW; locally with the server of `groundwork demo` added."""
        if self.settings.stage != "local":
            return self.settings.fetch_allow
        demo = f"127.0.0.1:{self.home.port(DEMO)}"
        return ",".join(filter(None, (self.settings.fetch_allow, demo)))

    # The host

    async def _start_host(self, report: OnStatus) -> None:
        from groundwork_lambda_host.readiness import ReadinessProbe
        from groundwork_lambda_host.settings import HostSettings

        report("functions", "starting")
        began = time.monotonic()
        environment = {**self._environment, "GROUNDWORK_PORT": str(self.settings.port)}
        settings = HostSettings.from_environ(environment)
        self._host = host = assemble_host(self._deployment(), settings, self._sink)
        readiness = ReadinessProbe(self.url)
        host.add(readiness)
        await host.start()
        await readiness.reached()
        report("functions", f"ready after {time.monotonic() - began:.1f} s")
        found = {name: self._environment.get(name, "") for name in running.SERVICES}
        if Emulator.name in self.pids:
            found |= {name: self._environment[name] for name in running.CREDENTIALS}
        demo_port = self.home.port(DEMO)
        running.write(self.home, running.Running(os.getpid(), self.url, found, demo_port))


class InstanceThread:
    """Runs an instance on an event loop in a separate thread, for synchronous programs."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="instance", daemon=True)

    def start(self, report: OnStatus) -> None:
        """Start the instance and wait until it is ready."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.instance.start(report), self._loop).result()

    def stop(self) -> None:
        """Stop the instance and wait until it has ended."""
        asyncio.run_coroutine_threadsafe(self.instance.stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
