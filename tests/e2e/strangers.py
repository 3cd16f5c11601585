"""Requests of another user of the machine, or of a web page, to the ports of an instance."""

import encodings.idna  # noqa: F401 - the stranger may not read Python's own files
import functools
import http.client
import json
import os
import socket
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import neo4j
import psutil
import psycopg
import pytest

from ..sockets import family

NOBODY = 65534
NAMES = ("groundwork", "groundwork_app", "groundwork_command", "postgres", "root", "nobody")
PASSWORDS = ("", "groundwork", "postgres", "test")
GET_SECRET = (
    "POST",
    "/",
    "secretsmanager.GetSecretValue",
    {"SecretId": "groundwork/local/signing-key"},
)
REQUESTS: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    GET_SECRET,
    ("POST", "/", "AmazonSQS.ListQueues", {}),
    ("GET", "/?Action=ListQueues&Version=2012-11-05", "", {}),
    ("GET", "/_ministack/health", "", {}),
    ("POST", "/_ministack/reset", "", {}),
    ("GET", "/api/v1/users", "", {}),
    ("GET", "/api/v1/sources", "", {}),
    ("POST", "/graphql", "", {"query": "{ entities { edges { cursor } } }"}),
    ("GET", "/@live/connections/x", "", {}),
    ("POST", "/@live/posts", "", {}),
)


def ports(pid: int) -> set[int]:
    """All ports on which these processes listen."""
    found = set()
    for process in family(pid):
        with suppress(psutil.NoSuchProcess):  # workers of Postgres come and go
            for connection in process.net_connections(kind="inet"):
                if connection.status == psutil.CONN_LISTEN:
                    found.add(connection.laddr.port)
    return found


def listening_files(pid: int) -> list[str]:
    """The names of Unix sockets on which these processes listen."""
    inodes = set()
    for process in family(pid):
        with suppress(FileNotFoundError):
            for descriptor in Path(f"/proc/{process.pid}/fd").iterdir():
                target = str(descriptor.readlink()) if descriptor.is_symlink() else ""
                if target.startswith("socket:["):
                    inodes.add(target[8:-1])
    found = []
    for line in Path("/proc/net/unix").read_text().splitlines()[1:]:
        words = line.split(maxsplit=7)
        accepts = int(words[3], 16) & 0x10000
        if accepts and words[6] in inodes:
            found.append(words[7] if len(words) > 7 else "(unnamed)")
    return found


DISCOVERED = {
    "bolt_direct",
    "bolt_routing",
    "neo4j_version",
    "neo4j_edition",
    "auth",
    "dbms/cluster",
}


def by_http(port: int, headers: dict[str, str]) -> list[str]:
    if speaks_sql(port):  # which waits for more
        return []
    bolt = speaks_bolt(port)
    found = []
    for method, path, target, body in REQUESTS:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        sent = {"Content-Type": "application/x-amz-json-1.1", **headers}
        if target:
            sent["X-Amz-Target"] = target
        try:
            connection.request(method, path, json.dumps(body) if body else None, sent)
            answer = connection.getresponse()
            text = answer.read()
            if bolt and set(json.loads(text or "{}")) <= DISCOVERED:
                continue  # where Bolt is and how to log in; Neo4j tells it everybody
            if answer.status < 300:
                found.append(f"{port}: {method} {path} {target} answered {answer.status}")
            if answer.getheader("Access-Control-Allow-Origin"):
                found.append(f"{port}: {method} {path} may be read by {headers}")
        except (OSError, http.client.HTTPException):
            pass  # it speaks something else
        finally:
            connection.close()
    return found


def by_sql(port: int, passwords: tuple[str, ...] = PASSWORDS) -> list[str]:
    if not speaks_sql(port):
        return []
    found = []
    for name in NAMES:
        for password in passwords:
            try:
                where = f"host=127.0.0.1 port={port} dbname=postgres connect_timeout=5"
                psycopg.connect(where, user=name, password=password).close()
            except psycopg.Error:
                continue
            found.append(f"{port}: {name} came in by SQL")
    return found


def by_bolt(
    port: int, passwords: tuple[str, ...] = PASSWORDS, guesses: tuple[str, ...] = ("neo4j",)
) -> list[str]:
    if not speaks_bolt(port):
        return []
    found = []
    tries = [None] if guesses else []
    for auth in (*tries, *(("neo4j", one) for one in (*guesses, *passwords) if one)):
        with neo4j.GraphDatabase.driver(
            f"bolt://127.0.0.1:{port}",
            auth=auth,
            max_transaction_retry_time=0,
            connection_timeout=5,
            telemetry_disabled=True,
        ) as driver:
            try:
                driver.execute_query("RETURN 1")
            except (neo4j.exceptions.Neo4jError, neo4j.exceptions.DriverError):
                continue
            found.append(f"{port}: {auth} came in by Bolt")
    return found


def speaks_bolt(port: int) -> bool:
    return speaks(port, bytes.fromhex("6060b01700000405000000040000000000000000"), 4)


def speaks_sql(port: int) -> bool:
    return speaks(port, bytes.fromhex("0000000804d2162f"), 1)  # may we use TLS? S or N


@functools.cache  # a server that waits for more takes all the time that it is given
def speaks(port: int, greeting: bytes, length: int) -> bool:
    """Return whether a greeting gets a response of a number of bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.settimeout(2)
        connection.sendall(greeting)
        try:
            return len(connection.recv(length + 1)) == length
        except OSError:
            return False


def by_file(home: Path) -> list[str]:
    found = []
    for folder in (home / "secrets", home / "logs", home / "emulator"):
        try:
            found += [f"{folder} lists {next(folder.iterdir())}"]
        except (OSError, StopIteration):
            continue
    for path in (home / "secrets/signing-key", home / "secrets/emulator", home / "instance.json"):
        try:
            path.read_text()
        except OSError:
            continue
        found.append(f"{path} is readable")
    return found


def as_stranger(attempt: Callable[[], list[str]]) -> list[str]:
    """Return the result of `attempt` in a process of another user."""
    if os.geteuid() != 0:
        pytest.skip("needs root: nobody else can become another user")
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of the test's own process
        child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            found = attempt()
        except BaseException as error:  # nothing may leave the child but by _exit
            found = [f"the attempt broke: {error!r}"]
        os.write(writer, json.dumps(found).encode()[:60_000])
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as said:
        text = said.read()
    os.waitpid(child, 0)
    answer: list[str] = json.loads(text)
    return answer
