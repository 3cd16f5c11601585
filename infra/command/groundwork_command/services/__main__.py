"""Keep the services warm for development: `python -m groundwork_command.services HOME ADDRESSES`.

Starts all services on the folder HOME, writes their addresses to the JSON file ADDRESSES, and runs
until Ctrl-C or SIGTERM. Tests take them with GROUNDWORK_TEST_SERVICES=ADDRESSES. Never for data
that matters: PostgreSQL does not wait for the disk here.
"""

import json
import signal
import sys
import threading
from pathlib import Path

from groundwork_command.services.emulator import Emulator
from groundwork_command.services.home import Home
from groundwork_command.services.neo4j import Neo4j
from groundwork_command.services.postgres import Postgres
from groundwork_command.services.service import ServiceError
from groundwork_command.services.supervisor import Supervisor

FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""Settings of PostgreSQL for data that nobody needs tomorrow."""


def throwaway(home: Home) -> Supervisor:
    """All services, for tests and development."""
    emulator = Emulator(home, "sqs,secretsmanager")
    return Supervisor(home, [Postgres(home, FORGETFUL), Neo4j(home, "no archive"), emulator])


def main(arguments: list[str]) -> int:
    """Run until told to stop. The exit code is 0 after an orderly stop."""
    home = Home(Path(arguments[0]))
    addresses = Path(arguments[1])
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    services = throwaway(home)
    try:
        found = services.start(lambda name, line: print(f"{name}: {line}", flush=True))  # noqa: T201 - a program that talks
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
