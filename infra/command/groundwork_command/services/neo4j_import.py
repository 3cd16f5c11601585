"""Run Neo4j's bulk import: build a store from CSV files."""

import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from groundwork_command.services import neo4j_jars
from groundwork_command.services.neo4j import Memory, java
from groundwork_command.services.process import Child, Launch
from groundwork_command.services.service import OnProgress, ServiceError
from groundwork_command.services.variables import service_variables

if TYPE_CHECKING:
    from groundwork_data.graph.export import Files

# Not Neo4jAdminCommand: it starts the import in a separate process that would outlive us.
MAIN_CLASS = "org.neo4j.cli.AdminTool"
DATABASE = "neo4j"
POLL_SECONDS = 0.2
STEPS = 4
_STEP = re.compile(rb"^\((\d)/4\) ", re.MULTILINE)
_SHARE = re.compile(rb" (\d{1,3})% ")


def import_store(
    folder: Path, given: "Files", memory: Memory, log: Path, on_progress: OnProgress
) -> None:
    """Import CSV files into the empty store of a Neo4j folder.

    The import runs in a child process that ends with this one. Raises ServiceError; the folder
    must then be discarded.
    """
    jars = os.pathsep.join(str(jar) for jar in neo4j_jars.ensure(lambda _line: None))
    command = [*java(memory), "-cp", jars, MAIN_CLASS]
    command += ["database", "import", "full", DATABASE]
    command += [f"--nodes={path}" for path in given.nodes]
    command += ["--relationships=" + ",".join(str(path) for path in given.relationships)]
    command += [f"--array-delimiter=U+{ord(given.array_delimiter):04X}", "--id-type=string"]
    output = folder / "import.log"
    where = {"NEO4J_HOME": str(folder), "NEO4J_CONF": str(folder / "conf")}
    child = Child(Launch(command, folder, output, service_variables(where)))
    try:
        while child.alive():
            on_progress("import", _percent(output.read_bytes()), 100)
            time.sleep(POLL_SECONDS)
    finally:
        child.stop(patience_seconds=0.0)
    if child.exit_code() != 0:
        log.write_bytes(output.read_bytes())
        raise ServiceError(f"Neo4j's import failed; see {log}, which ends:\n{child.log_tail(5)}")
    on_progress("import", 100, 100)


def _percent(output: bytes) -> int:
    """Return the overall percentage from the import's output: four steps, each 0 to 100."""
    steps = list(_STEP.finditer(output))
    if not steps:
        return 0
    shares = _SHARE.findall(output, steps[-1].start())
    return ((int(steps[-1][1]) - 1) * 100 + (int(shares[-1]) if shares else 0)) // STEPS
