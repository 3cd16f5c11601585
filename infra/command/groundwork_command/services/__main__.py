"""Run the embedded services without an instance, for tests and development.

    python -m groundwork_command.services HOME ADDRESSES [SERVICE…]

Starts all services (or those named: postgres, neo4j, emulator) on the folder HOME, writes their
addresses to the JSON file ADDRESSES, and runs until Ctrl-C or SIGTERM. Tests use them with
GROUNDWORK_TEST_SERVICES=ADDRESSES. Do not use them for data that matters: here PostgreSQL runs
without fsync.
"""

import json
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from groundwork_command.services.emulator import Emulator
from groundwork_command.services.home import Home
from groundwork_command.services.neo4j import Neo4j
from groundwork_command.services.postgres import Postgres
from groundwork_command.services.service import Service, ServiceError
from groundwork_command.services.supervisor import Supervisor

UNSAFE_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "scram_iterations": "1",  # 4,096 are most of a client's work for a connection
}
"""PostgreSQL settings for throw-away data."""


def throwaway(home: Home, names: Sequence[str] = ()) -> Supervisor:
    """Return a supervisor of these services, without names of all, for tests and development."""
    every: list[Service] = [
        Postgres(home, UNSAFE_SETTINGS),
        Neo4j(home, "no archive"),
        Emulator(home, "sqs,secretsmanager"),
    ]
    return Supervisor(home, [one for one in every if not names or one.name in names])


def main(arguments: list[str]) -> int:
    """Run until SIGINT or SIGTERM; return 0, or 1 if a service failed to start."""
    home = Home(Path(arguments[0]))
    addresses = Path(arguments[1])
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    services = throwaway(home, arguments[2:])
    try:
        found = services.start(lambda name, line: print(f"{name}: {line}", flush=True))  # noqa: T201 - a command
    except ServiceError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the same
        return 1
    home.write_private(addresses, json.dumps(found))
    stop.wait()
    addresses.unlink(missing_ok=True)
    services.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
