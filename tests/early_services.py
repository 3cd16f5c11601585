"""Services of a test process, started in the background while tests that need none run."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Mapping
from pathlib import Path

from groundwork_command.services import launch, neo4j_jars

from .folders import new_state_folder

WARM_SERVICES = "GROUNDWORK_TEST_SERVICES"
START_SECONDS = 600.0
"""The first start fetches Neo4j's jars."""
STARTED = {"services": ("postgres", "emulator"), "graph_service": ("neo4j",)}
"""The services of each fixture."""
FETCH_JARS = "from groundwork_command.services.neo4j_jars import ensure; ensure(lambda _: None)"


class EarlyServices:
    """Some embedded services on a folder of their own.

    They run in a process of their own, because unit tests block the sockets of this one.
    """

    def __init__(self, *names: str) -> None:
        self._folder = new_state_folder("groundwork-tests-")
        self._addresses = self._folder / "addresses.json"
        self._log = self._folder / "services.log"
        command = [sys.executable, "-m", "groundwork_command.services"]
        # They end with this process, however it ends.
        wrapper = [sys.executable, "-I", "-S", launch.__file__, str(os.getpid())]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*wrapper, str(int(signal.SIGTERM)), "0", "0",
                 *command, str(self._folder), str(self._addresses), *names],
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def addresses(self) -> Mapping[str, str]:
        """Wait until they run; return their addresses as environment variables.

        Raises:
            RuntimeError: they did not start; the message has the end of their log.
        """
        ends = time.monotonic() + START_SECONDS
        while not self._addresses.exists():
            if self._process.poll() is not None or time.monotonic() > ends:
                message = f"the services did not start:\n{self._log.read_text()[-2000:]}"
                raise RuntimeError(message)
            time.sleep(0.05)
        found: Mapping[str, str] = json.loads(self._addresses.read_text())
        return found

    def stop(self) -> None:
        """Stop them and remove their folder."""
        self._process.terminate()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


class Services:
    """Services of this process by the fixture that wants them; none is started if they are warm."""

    def __init__(self) -> None:
        self._warm = os.environ.get(WARM_SERVICES)
        self._running: dict[str, EarlyServices] = {}
        self._jars: subprocess.Popen[bytes] | None = None

    def begin(self, fixtures: Collection[str]) -> None:
        """Start in the background what these fixtures take long to start."""
        if self._warm:
            return
        if "services" in fixtures:
            self._start("services")
        if "graph_service" in fixtures and "PYTEST_XDIST_WORKER" not in os.environ:
            self._start("graph_service")
        elif not neo4j_jars.present() and not {"graph_service", "instance"}.isdisjoint(fixtures):
            # Of several processes only one gets tests of the graph, and starts Neo4j by then.
            self._jars = subprocess.Popen(
                [sys.executable, "-c", FETCH_JARS],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip

    def wait(self, fixtures: Collection[str]) -> None:
        """Wait for what these fixtures need, outside of the time limit of their test."""
        if self._jars is not None and not {"graph_service", "instance"}.isdisjoint(fixtures):
            self._jars.wait()  # if it failed, the start of Neo4j says why
        for fixture in STARTED:
            if fixture in fixtures:
                self.addresses(fixture)

    def addresses(self, fixture: str) -> Mapping[str, str]:
        """Return the addresses for a fixture, as environment variables, once they run."""
        if self._warm:
            found: Mapping[str, str] = json.loads(Path(self._warm).read_text())
            return found
        return self._start(fixture).addresses()

    def _start(self, fixture: str) -> EarlyServices:
        if fixture not in self._running:
            self._running[fixture] = EarlyServices(*STARTED[fixture])
        return self._running[fixture]

    def stop(self) -> None:
        """Stop what was started."""
        for started in self._running.values():
            started.stop()
        if self._jars is not None:
            self._jars.terminate()
            self._jars.wait()
