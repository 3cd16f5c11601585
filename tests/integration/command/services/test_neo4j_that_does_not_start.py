"""Neo4j ends while it starts: the message tells why, and a port that was taken is replaced."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from groundwork_command.services import neo4j, neo4j_jars
from groundwork_command.services.home import Home
from groundwork_command.services.neo4j import Neo4j
from groundwork_command.services.service import ServiceError

# What Neo4j 2026 writes, to a log of its own, when its port is taken; then it ends.
TAKEN = """\
2026-11-30 20:20:32.817+0000 ERROR Failed to start Neo4j on 127.0.0.1:7474.
java.lang.RuntimeException: Error starting Neo4j database server at /state/neo4j/data/databases
\tat org.neo4j.graphdb.facade.DatabaseManagementServiceFactory.build(…)
\t... 10 more
Caused by: io.netty.channel.unix.Errors$NativeIoException: bind(..) failed with error(-98): \
Address already in use
"""
LOCKED = "ERROR Failed to start Neo4j\nCaused by: FileLockException: /state/neo4j/data is locked\n"
PROGRAM = """
import sys, pathlib
log = pathlib.Path("logs/neo4j.log")
log.parent.mkdir(exist_ok=True)
log.open("a").write(sys.argv[1])
sys.exit(1)
"""
Starts = Callable[[str], Neo4j]


@pytest.fixture
def started_ports(tmp_path: Path) -> list[int]:
    return []


@pytest.fixture
def ends_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, started_ports: list[int]) -> Starts:
    """A Neo4j whose program writes this to its own log and ends."""
    home = Home(tmp_path / "state")
    home.prepare()
    monkeypatch.setattr(neo4j_jars, "ensure", lambda _progress: [])

    def made(text: str) -> Neo4j:
        def command(_self: Neo4j, _classes: str, folder: Path, _archive: list[str]) -> list[str]:
            settings = (folder / "conf" / "neo4j.conf").read_text()
            found = re.search(r"listen_address=127\.0\.0\.1:(\d+)", settings)
            assert found
            started_ports.append(int(found[1]))
            (home.path / "ports.json").unlink()  # as if it were found taken now
            return [sys.executable, "-c", PROGRAM, text]

        monkeypatch.setattr(Neo4j, "_command", command)
        return Neo4j(home, "no archive")

    return made


def test_the_message_tells_what_neo4j_wrote_to_its_own_log(ends_with: Starts) -> None:
    with pytest.raises(ServiceError, match="FileLockException: /state/neo4j/data is locked"):
        ends_with(LOCKED).start(lambda _line: None)


def test_the_message_has_no_frames_and_nothing_of_earlier_starts(ends_with: Starts) -> None:
    server = ends_with(LOCKED)
    with pytest.raises(ServiceError):
        server.start(lambda _line: None)
    with pytest.raises(ServiceError, match="Address already in use") as raised:
        ends_with(TAKEN).start(lambda _line: None)
    assert "FileLockException" not in str(raised.value)
    assert "\tat " not in str(raised.value)


def test_neo4j_tries_other_ports_where_its_port_is_in_use(
    ends_with: Starts, started_ports: list[int]
) -> None:
    with pytest.raises(ServiceError, match="Address already in use"):
        ends_with(TAKEN).start(lambda _line: None)
    assert len(started_ports) == neo4j.PORT_TRIES
    assert len(set(started_ports)) > 1


def test_other_failures_of_neo4j_are_not_retried(
    ends_with: Starts, started_ports: list[int]
) -> None:
    with pytest.raises(ServiceError):
        ends_with(LOCKED).start(lambda _line: None)
    assert len(started_ports) == 1
