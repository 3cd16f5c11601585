"""Find the instance that runs on a state folder, from another process."""

import json
import os
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from groundwork_command.instance.schema import OWNER
from groundwork_command.services.emulator import REGION
from groundwork_command.services.home import Home
from groundwork_command.services.service import ServiceError
from groundwork_lambda_host.aws import AwsSettings

FILE = "instance.json"
SERVICES = (
    "DATABASE_URL",
    OWNER,
    "NEO4J_URI",
    "NEO4J_USER",
    "NEO4J_PASSWORD",
    "AWS_ENDPOINT_URL",
)
CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
"""Credentials of the embedded emulator; those of a real account are never written to a file."""


@dataclass(frozen=True)
class Running:
    """A running instance: its URL and the addresses of its services."""

    pid: int
    url: str
    addresses: dict[str, str]  # environment variables: DATABASE_URL, NEO4J_URI, …
    demo_port: int  # where `groundwork demo` serves its feeds


class NotRunning(ServiceError):
    """Raised if no instance runs on the state folder."""


def home_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the state folder: GROUNDWORK_HOME, else `.groundwork`."""
    return Path(environment.get("GROUNDWORK_HOME") or ".groundwork")


def write(home: Home, running: Running) -> None:
    """Write the instance's record for other processes of this user."""
    home.write_private(home.path / FILE, json.dumps(asdict(running)))


def forget(home: Home) -> None:
    """Remove the instance's record."""
    (home.path / FILE).unlink(missing_ok=True)


def find(home: Home) -> Running:
    """Return the instance that runs on this folder. Raises NotRunning."""
    pid = home.holder()
    try:
        found = Running(**json.loads((home.path / FILE).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        found = None
    if pid is None or found is None or found.pid != pid:
        raise NotRunning(
            f"No instance runs on {home.path}. Start one with `groundwork up`, "
            "or set GROUNDWORK_HOME to the state folder of a running one."
        )
    return found


def addresses(
    needed: Collection[str] = ("DATABASE_URL", "NEO4J_URI"),
    environment: Mapping[str, str] = os.environ,
) -> dict[str, str]:
    """Return the addresses of the services: from the environment, else the running instance.

    Raises NotRunning if a needed address is not given and no instance runs.
    """
    given = {name: environment[name] for name in SERVICES if environment.get(name)}
    if given.keys() >= set(needed):
        return given
    found = find(Home(home_folder(environment))).addresses
    if "DATABASE_URL" in given:
        found.pop(OWNER, None)  # it owns another database
    return {**found, **given}


def aws(environment: Mapping[str, str] = os.environ) -> AwsSettings:
    """Return how to reach AWS: the given endpoint, else the instance's emulator, else AWS."""
    region = environment.get("AWS_REGION") or REGION
    endpoint = environment.get("AWS_ENDPOINT_URL")
    credentials: Mapping[str, str] = environment
    if not endpoint:
        try:
            credentials = find(Home(home_folder(environment))).addresses
        except NotRunning:
            return AwsSettings(region)
        endpoint = credentials.get("AWS_ENDPOINT_URL")
    if not endpoint:
        return AwsSettings(region)
    # Fall back to the environment; other emulators accept any credentials.
    key, secret = (credentials.get(name) or environment.get(name) or "test" for name in CREDENTIALS)
    return AwsSettings(region, endpoint, key, secret)
