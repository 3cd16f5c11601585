"""Finding the instance that runs on a state folder, from another process."""

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
"""Those of the embedded emulator; a real account's are in no file of ours."""


@dataclass(frozen=True)
class Running:
    """A running instance: where it answers and how its services are reached."""

    pid: int
    url: str
    addresses: dict[str, str]  # environment variables: DATABASE_URL, NEO4J_URI, …
    demo_port: int  # where `groundwork demo` may serve its feeds


class NotRunning(ServiceError):
    """No instance runs on this state folder."""


def home_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The state folder that commands look at."""
    return Path(environment.get("GROUNDWORK_HOME") or ".groundwork")


def write(home: Home, running: Running) -> None:
    """Tell other processes of this user about us."""
    home.write_private(home.path / FILE, json.dumps(asdict(running)))


def forget(home: Home) -> None:
    """Take it back."""
    (home.path / FILE).unlink(missing_ok=True)


def find(home: Home) -> Running:
    """The instance on this folder. Raises NotRunning."""
    pid = home.holder()
    try:
        found = Running(**json.loads((home.path / FILE).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        found = None
    if pid is None or found is None or found.pid != pid:
        raise NotRunning(
            f"No Groundwork runs on {home.path}. Start one with `groundwork up`, "
            "or set GROUNDWORK_HOME to the folder of one that runs."
        )
    return found


def addresses(
    needed: Collection[str] = ("DATABASE_URL", "NEO4J_URI"),
    environment: Mapping[str, str] = os.environ,
) -> dict[str, str]:
    """How to reach the services: those given in the environment, else the running instance's.

    Raises NotRunning where one that is needed is neither given nor running.
    """
    given = {name: environment[name] for name in SERVICES if environment.get(name)}
    if given.keys() >= set(needed):
        return given
    found = find(Home(home_folder(environment))).addresses
    if "DATABASE_URL" in given:
        found.pop(OWNER, None)  # it owns another database
    return {**found, **given}


def aws(environment: Mapping[str, str] = os.environ) -> AwsSettings:
    """Where AWS or its emulator is: as given, else the running instance's, else AWS itself."""
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
    # What the instance does not say is in the environment; other emulators take anything.
    key, secret = (credentials.get(name) or environment.get(name) or "test" for name in CREDENTIALS)
    return AwsSettings(region, endpoint, key, secret)
