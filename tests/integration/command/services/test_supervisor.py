"""Services are started, restarted after a crash, and stopped without leftovers."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
import psycopg
import pytest

from groundwork_command.services.emulator import Emulator
from groundwork_command.services.home import Home
from groundwork_command.services.postgres import Postgres
from groundwork_command.services.process import ProcessIdentity
from groundwork_command.services.service import Service, ServiceError
from groundwork_command.services.supervisor import Supervisor, embedded

from ....sockets import listening

LOOPBACK = {"127.0.0.1", "::1", "::ffff:127.0.0.1"}
QUICK = {"fsync": "off"}
BUFFERS = "GROUNDWORK_POSTGRES_BUFFERS"


@contextmanager
def running(home: Home, *names: str) -> Iterator[tuple[Supervisor, dict[str, str]]]:
    """Some services of an instance, or both that start quickly."""
    services: list[Service] = [Postgres(home, QUICK), Emulator(home)]
    wanted = [one for one in services if not names or one.name in names]
    supervisor = Supervisor(home, wanted)
    addresses = supervisor.start(lambda _name, _line: None)
    try:
        yield supervisor, addresses
    finally:
        supervisor.stop()


def eventually(holds: Callable[[], bool], within_seconds: float = 15.0) -> bool:
    deadline = time.monotonic() + within_seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return False


def test_every_service_listens_on_loopback_only(home: Home) -> None:
    with running(home) as (supervisor, _):
        pids = [pid for pids in supervisor.pids.values() for pid in pids]
        assert listening(pids)
        assert listening(pids) <= LOOPBACK


def test_a_socket_open_to_all_addresses_is_found() -> None:
    with socket.socket() as careless:
        careless.bind(("0.0.0.0", 0))  # noqa: S104 - what must be found
        careless.listen()
        assert not listening([os.getpid()]) <= LOOPBACK


def test_the_embedded_postgres_has_the_memory_that_it_is_given(home: Home) -> None:
    elsewhere = {"NEO4J_URI": "bolt://127.0.0.1:1", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    supervisor = Supervisor(home, embedded(home, {**elsewhere, BUFFERS: "64m"}))
    try:
        url = supervisor.start(lambda _name, _line: None)["DATABASE_URL"]
        with psycopg.connect(url) as connection:
            assert connection.execute("SHOW shared_buffers").fetchone() == ("64MB",)
    finally:
        supervisor.stop()


def test_password_files_are_readable_by_their_owner_only(home: Home) -> None:
    with running(home):
        secrets = list(home.secrets.iterdir())
        assert secrets
        assert {stat.S_IMODE(path.stat().st_mode) for path in secrets} == {0o600}
        for folder in (home.secrets, home.logs, home.path / "postgres", home.path / "emulator"):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        # Root lets the database's own user pass through the folder, not look into it.
        assert not stat.S_IMODE(home.path.stat().st_mode) & 0o066


def test_a_wrong_password_is_refused(home: Home) -> None:
    with running(home, "postgres") as (_, addresses):
        password = home.password("postgres")
        wrong = addresses["DATABASE_URL"].replace(password, "guess")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)


def test_two_instances_run_side_by_side(home: Home, other_home: Home) -> None:
    with running(home) as (_, ours), running(other_home) as (_, theirs):
        assert not set(ours.values()) & set(theirs.values())
        for addresses in (ours, theirs):
            with psycopg.connect(addresses["DATABASE_URL"]) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_second_instance_on_the_same_folder_is_refused(home: Home) -> None:
    with running(home, "postgres") as (supervisor, _):
        with pytest.raises(ServiceError, match="already runs on"):
            Supervisor(Home(home.path), []).start(lambda _name, _line: None)
        assert all(supervisor.pids.values())


def test_data_and_addresses_are_the_same_after_a_restart(home: Home) -> None:
    with running(home) as (_, before), psycopg.connect(before["DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        connection.commit()
    with running(home) as (_, after), psycopg.connect(after["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
        assert after == before


@pytest.mark.parametrize("name", ["postgres", "emulator"])
def test_a_service_that_dies_is_started_again_on_its_port(home: Home, name: str) -> None:
    with running(home, name) as (supervisor, _):
        restarted: list[str] = []
        supervisor.on_restart = restarted.append
        first = supervisor.pids[name][0]
        ports = (home.path / "ports.json").read_text()
        os.kill(first, signal.SIGKILL)
        assert eventually(lambda: restarted == [name])
        assert supervisor.pids[name][0] != first
        assert supervisor.restarts[name] == 1
        assert (home.path / "ports.json").read_text() == ports


def test_connections_work_again_after_postgres_died(home: Home) -> None:
    with running(home, "postgres") as (supervisor, addresses):
        restarted: list[str] = []
        supervisor.on_restart = restarted.append
        os.kill(supervisor.pids["postgres"][0], signal.SIGKILL)
        assert eventually(lambda: bool(restarted))
        with psycopg.connect(addresses["DATABASE_URL"]) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_stopping_leaves_no_process_and_no_record(home: Home) -> None:
    with running(home) as (supervisor, _):
        pids = [pid for pids in supervisor.pids.values() for pid in pids]
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert home.recorded() == {}
    assert home.holder() is None


# After kill -9


def test_services_of_a_killed_instance_die_and_the_next_one_starts(home: Home) -> None:
    program = (
        "import sys, time; from pathlib import Path;"
        "from groundwork_command.services.home import Home;"
        "from groundwork_command.services.supervisor import Supervisor;"
        "from groundwork_command.services.postgres import Postgres;"
        "from groundwork_command.services.emulator import Emulator;"
        f"h = Home(Path({str(home.path)!r}));"
        "Supervisor(h, [Postgres(h), Emulator(h)]).start(lambda n, l: None);"
        "print('up', flush=True); time.sleep(600)"
    )
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "up\n"
    left = [identity.pid for identity in home.recorded().values()]
    assert len(left) == 2
    child.kill()
    child.wait()
    child.stdout.close()
    with running(home) as (_, addresses), psycopg.connect(addresses["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert not any(_runs(pid) for pid in left)


def test_a_recorded_process_that_still_runs_is_stopped(home: Home) -> None:
    left = subprocess.Popen(["/bin/sleep", "600"])
    started = psutil.Process(left.pid).create_time()
    assert eventually(lambda: psutil.Process(left.pid).cmdline() == ["/bin/sleep", "600"])
    home.record({"emulator": ProcessIdentity(left.pid, started, ("/bin/sleep", "600"))})
    lines: list[str] = []
    supervisor = Supervisor(home, [])
    supervisor.start(lambda _name, line: lines.append(line))
    supervisor.stop()
    left.wait(timeout=5)
    assert "left by a run that was killed" in lines[0]


@pytest.mark.parametrize(
    "identity",
    [
        pytest.param((5000.0, ("/bin/sleep", "600")), id="another start time"),
        pytest.param((0.0, ("/bin/other", "600")), id="another command"),
    ],
)
def test_a_process_that_only_reuses_a_recorded_id_is_not_stopped(
    home: Home, identity: tuple[float, tuple[str, ...]]
) -> None:
    earlier_seconds, command = identity
    stranger = subprocess.Popen(["/bin/sleep", "600"])
    try:
        started = psutil.Process(stranger.pid).create_time() - earlier_seconds
        home.record({"emulator": ProcessIdentity(stranger.pid, started, command)})
        supervisor = Supervisor(home, [])
        supervisor.start(lambda _name, _line: None)
        supervisor.stop()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_pid_file_that_a_killed_server_left_does_not_keep_postgres_from_starting(
    home: Home,
) -> None:
    with running(home, "postgres"):
        pass
    stale = home.path / "postgres" / "data" / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{stale.parent}\n")  # an id that is in use, by another
    with running(home, "postgres") as (_, addresses), psycopg.connect(addresses["DATABASE_URL"]):
        pass


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
