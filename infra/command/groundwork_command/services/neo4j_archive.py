"""A class data archive for Neo4j's JVM: later starts use a third less CPU.

The first run records the classes it loads. Once it serves, a JVM with the lowest priority turns
that list into an archive beside the jars. Later runs map the archive into memory instead of
reading, parsing and verifying 15,000 classes. Without it Neo4j works, but starts more slowly.
"""

import fcntl
import logging
import os
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from groundwork_command.services import neo4j_jars
from groundwork_command.services.process import Child, Launch
from groundwork_command.services.variables import service_variables

logger = logging.getLogger("groundwork.services")

Archiving = Literal["make archive", "no archive"]
"""True to create a missing archive; an existing one is always used."""

WAIT_SECONDS = 60.0  # leave the CPU to the user in the first minute
MAX_SECONDS = 600.0
LOWEST_PRIORITY = "19"
NICE = "/usr/bin/nice"


class Archive:
    """The archive for one class path and one JVM."""

    def __init__(self, java: Path, version: Sequence[int], jvm: Sequence[str]) -> None:
        """`jvm` holds the options with which the JVM runs Neo4j."""
        self._java = java
        self._jvm = jvm
        name = "neo4j-" + ".".join(map(str, version))
        self.path = neo4j_jars.cache() / f"{name}.jsa"
        self._classes = neo4j_jars.cache() / f"{name}.{os.getpid()}.classes"
        self._stopping = threading.Event()
        self._child: Child | None = None
        self._thread: threading.Thread | None = None

    def options(self, archiving: Archiving) -> list[str]:
        """Return JVM options that use the archive, or that record the classes to create it."""
        if self.path.exists():
            return [f"-XX:SharedArchiveFile={self.path}"]
        return [f"-XX:DumpLoadedClassList={self._classes}"] if archiving == "make archive" else []

    def make_soon(self, class_path: str, log: Path) -> None:
        """Create the archive in the background, unless it exists or another instance creates it."""
        if not self.path.exists() and Path(NICE).exists():
            self._thread = threading.Thread(
                target=self._make, args=(class_path, log), name="neo4j archive", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """Cancel the creation of the archive."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._classes.unlink(missing_ok=True)

    def _make(self, class_path: str, log: Path) -> None:
        if self._stopping.wait(WAIT_SECONDS):
            return
        with (neo4j_jars.cache() / "archive.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            if not self.path.exists():
                self._dump(class_path, log)

    def _dump(self, class_path: str, log: Path) -> None:
        classes = self._classes.with_suffix(".list")
        draft = self._classes.with_suffix(".jsa")
        try:
            classes.write_text(_usable(self._classes.read_text()))
            command = [
                NICE,
                "-n",
                LOWEST_PRIORITY,
                str(self._java),
                "-Xshare:dump",
                "-Xlog:disable",
            ]
            command += [f"-XX:SharedClassListFile={classes}", f"-XX:SharedArchiveFile={draft}"]
            command += [*self._jvm, "-cp", class_path]
            child = Child(Launch(command, self.path.parent, log, service_variables({})))
            while child.alive() and not self._stopping.wait(0.2):
                pass
            child.stop(patience_seconds=0.0 if self._stopping.is_set() else MAX_SECONDS)
            if child.exit_code() == 0 and draft.exists():
                draft.replace(self.path)
        except (OSError, subprocess.SubprocessError):
            logger.exception("Neo4j's class archive was not created; Neo4j starts without it")
        finally:
            classes.unlink(missing_ok=True)
            draft.unlink(missing_ok=True)


def _usable(classes: str) -> str:
    """Return the list without classes generated at run time, which cannot be archived."""
    lines = classes.splitlines()
    return "\n".join(line for line in lines if line[:1] != "@" and "$Proxy" not in line) + "\n"
