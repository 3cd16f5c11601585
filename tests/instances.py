"""A whole Groundwork for tests, and its command."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.child_instance import Instance

from .folders import state_folder

if TYPE_CHECKING:
    from .conftest import Graph

FIRST_ADMIN = "First admin: "
"""Start of the line that shows the first admin's generated password."""
COMMAND = Path(sys.executable).with_name("groundwork")


@contextmanager
def new_home() -> Iterator[Path]:
    """A folder for an instance's state."""
    with state_folder("groundwork-instance-") as folder:
        yield folder / "state"


@contextmanager
def instance_on(database_url: str, graph: "Graph", uri: str = "") -> Iterator[Instance]:
    """An instance on stores that run already; `uri` leads to the graph by another way."""
    settings = {
        "DATABASE_URL": database_url,
        "NEO4J_URI": uri or graph.uri,
        "NEO4J_USER": graph.user,
        "NEO4J_PASSWORD": graph.password,
        "GROUNDWORK_RATE_LIMIT": "0",
    }
    with new_home() as home, Instance(home, settings) as up:
        yield up


def environment_of(instance: Instance) -> dict[str, str]:
    """Environment variables with which a command uses this instance."""
    return {
        "GROUNDWORK_HOME": str(instance.home),
        "GROUNDWORK_PORT": str(instance.port),
        **instance.settings,
    }


def output_of(instance: Instance) -> list[str]:
    """Return the lines of its output so far."""
    return instance.log.read_text().splitlines()


def printed_password(instance: Instance) -> str:
    """Return the first admin's made-up password, which the first start printed once."""
    (line,) = [line for line in output_of(instance) if line.startswith(FIRST_ADMIN)]
    found = re.search(r"password (\S+) ", line)
    assert found, line
    return found[1]


def run(
    *arguments: str, environment: Mapping[str, str], expect: int = 0, timeout: int = 110
) -> "subprocess.CompletedProcess[str]":
    """Run the `groundwork` command to its end and check its exit code."""
    done = subprocess.run(
        [COMMAND, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done
