"""A whole Groundwork for tests, and its command."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.child_instance import Instance

if TYPE_CHECKING:
    from .conftest import Graph

COMMAND = Path(sys.executable).with_name("groundwork")


@contextmanager
def new_home() -> Iterator[Path]:
    """A folder for an instance's state."""
    # Not in pytest's own folder, which pytest closes to the user that PostgreSQL runs as.
    folder = Path(tempfile.mkdtemp(prefix="groundwork-instance-"))
    yield folder / "state"
    shutil.rmtree(folder, ignore_errors=True)


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
