"""Neo4j's own bulk import: CSV files become a store that no server runs on."""

import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from groundwork_command.services import neo4j_jars
from groundwork_command.services.neo4j import Memory, java
from groundwork_command.services.process import Child, Launch
from groundwork_command.services.service import ServiceError
from groundwork_command.services.variables import of_service

if TYPE_CHECKING:
    from groundwork_data.graph.export import Files

# Not Neo4jAdminCommand, which starts this in a process of its own that would outlive us.
MAIN_CLASS = "org.neo4j.cli.AdminTool"
DATABASE = "neo4j"
LOOK_SECONDS = 0.2
STEPS = 4
_STEP = re.compile(rb"^\((\d)/4\) ", re.MULTILINE)
_SHARE = re.compile(rb" (\d{1,3})% ")

Told = Callable[[str, int, int], None]
"""Takes what is done, how far it is, and where it ends."""


def import_store(folder: Path, given: "Files", memory: Memory, log: Path, told: Told) -> None:
    """Fill the empty store of a server's folder. Raises ServiceError; the folder is then of no use.

    The process is a child of ours and ends with us.
    """
    jars = os.pathsep.join(str(jar) for jar in neo4j_jars.ensure(lambda _line: None))
    command = [*java(memory), "-cp", jars, MAIN_CLASS]
    command += ["database", "import", "full", DATABASE]
    command += [f"--nodes={path}" for path in given.nodes]
    command += ["--relationships=" + ",".join(str(path) for path in given.relationships)]
    command += [f"--array-delimiter=U+{ord(given.array_delimiter):04X}", "--id-type=string"]
    said = folder / "import.log"
    where = {"NEO4J_HOME": str(folder), "NEO4J_CONF": str(folder / "conf")}
    child = Child(Launch(command, folder, said, of_service(where)))
    try:
        while child.alive():
            told("import", _done(said.read_bytes()), 100)
            time.sleep(LOOK_SECONDS)
    finally:
        child.stop(patience_seconds=0.0)
    if child.exit_code() != 0:
        log.write_bytes(said.read_bytes())
        raise ServiceError(f"Neo4j's import failed; {log} says why:\n{child.log_tail(5)}")
    told("import", 100, 100)


def _done(said: bytes) -> int:
    """Read what the import has said so far: four steps, each with its own hundredths."""
    steps = list(_STEP.finditer(said))
    if not steps:
        return 0
    shares = _SHARE.findall(said, steps[-1].start())
    return ((int(steps[-1][1]) - 1) * 100 + (int(shares[-1]) if shares else 0)) // STEPS
