"""The measured servers: Groundwork through its host, and the peers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from uuid import UUID, uuid4

import httpx2
import jwt
import psutil
import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg import sql
from psycopg.types.json import Jsonb
from tests.child_instance import Instance, free_port

from groundwork_data.postgres.migrations import migrate

MIGRATIONS = Path(__file__).parents[2] / "migrations" / "postgres"
LIMIT = Path(__file__).parent / "limit"
AXUM = "axum"
ROWS = 20_000
PROCESSES = 2
RATE_LIMIT = 1_000_000
"""Counted at every request, and never reached."""
TOKEN_SECONDS = 3_600
SEED = f"""
INSERT INTO entities (name, type, confidence, key, aliases, attributes)
SELECT 'Entity number ' || i, (ARRAY['person', 'organization', 'topic', 'website'])[1 + i % 4],
       (i % 100) / 100.0, 'bench-' || i, ARRAY['alias ' || i],
       jsonb_build_object('rank', i, 'note', repeat('x', 80))
FROM generate_series(1, {ROWS}) i
"""
BEHIND = """
SELECT count(*) FROM outbox o, outbox_cursors c
WHERE c.destination = 'graph' AND (o.xid, o.id) > (c.xid, c.id)
"""
QUIET_SECONDS = 90
IDS = "SELECT id FROM entities WHERE key LIKE 'bench-%' ORDER BY random() LIMIT 2000"


@dataclass(frozen=True)
class Server:
    """One that answers."""

    name: str
    port: int
    process: psutil.Process
    token: str
    ids: list[str]
    database_url: str


class Mint:
    """Signs one token that all of them take."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        public = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(self._key.public_key()))
        self.public = {**public, "kid": "bench", "alg": "EdDSA", "use": "sig"}

    def token(self, user_id: UUID) -> str:
        now = int(time.time())
        claims = {
            "iss": "groundwork",
            "aud": "groundwork",
            "sub": str(user_id),
            "jti": str(uuid4()),
            "iat": now,
            "exp": now + TOKEN_SECONDS,
        }
        return jwt.encode(
            claims, self._key, algorithm="EdDSA", headers={"kid": "bench", "typ": "at+jwt"}
        )


@contextmanager
def groundwork(folder: Path, database_url: str, mint: Mint) -> Iterator[Server]:
    """Run a whole instance with every feature on; entities are audited as well."""
    settings = {
        "DATABASE_URL": database_url,
        "GROUNDWORK_RATE_LIMIT": str(RATE_LIMIT),
        "GROUNDWORK_ENVIRONMENTS": str(PROCESSES),
    }
    with Instance(folder / "home", settings) as instance:
        with psycopg.connect(database_url, autocommit=True) as connection:
            # Through the outbox, so that nothing brings these rows to the graph during a run.
            ids = _seed(connection, "origin")
            connection.execute("SELECT groundwork_audit('entities')")
            connection.execute(
                "INSERT INTO signing_keys (kid, public_jwk) VALUES ('bench', %s)",
                (Jsonb(mint.public),),
            )
            row = connection.execute("SELECT id FROM users WHERE 'admin' = ANY (roles)").fetchone()
            assert row is not None
        process = psutil.Process(instance.process.pid)
        token = mint.token(row[0])
        server = Server("groundwork", instance.port, process, token, ids, database_url)
        await_quiet(server)
        yield server


@contextmanager
def fastapi(kind: str, database_url: str, mint: Mint) -> Iterator[Server]:
    """Run a FastAPI peer, `sync`, `async` or `lean`, with the same number of processes."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", f"benchmarks.api.peer_{kind}:app", f"--port={port}",
               f"--workers={PROCESSES}", "--no-access-log", "--log-level=warning",
               "--backlog=4096"]  # fmt: skip
    driver = "postgresql" if kind == "lean" else "postgresql+psycopg"
    variables = {
        "PEER_DATABASE_URL": database_url.replace("postgresql", driver, 1),
        "JWKS": json.dumps({"keys": [mint.public]}),
    }
    with _peer(f"fastapi {kind}", command, variables, database_url, port, mint) as server:
        yield server


@contextmanager
def axum(program: Path, database_url: str, mint: Mint) -> Iterator[Server]:
    """Run the service in Rust (limit/)."""
    port = free_port()
    variables = {
        "PEER_DATABASE_URL": database_url,
        "PUBLIC_KEY": mint.public["x"],
        "PORT": str(port),
    }
    with _peer(AXUM, [str(program)], variables, database_url, port, mint) as server:
        yield server


def built_axum() -> Path | None:
    """Build the service in Rust and return its program; None: there is no cargo, or it failed."""
    cargo = shutil.which("cargo")
    if cargo is None:
        print("skipped: axum, the limit of the machine (cargo is not installed)", file=sys.stderr)
        return None
    command = [cargo, "build", "--release", "--locked", "--quiet"]
    if subprocess.run(command, cwd=LIMIT, check=False).returncode != 0:
        print("skipped: axum, the limit of the machine (cargo build failed)", file=sys.stderr)
        return None
    target = Path(os.environ.get("CARGO_TARGET_DIR", LIMIT / "target"))
    return target / "release" / "limit"


@contextmanager
def _peer(
    name: str,
    command: list[str],
    variables: dict[str, str],
    database_url: str,
    port: int,
    mint: Mint,
) -> Iterator[Server]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        ids = [str(row[0]) for row in connection.execute(IDS).fetchall()]
        connection.execute("UPDATE entities SET version = 1")
        connection.execute("VACUUM ANALYZE entities")
    process = subprocess.Popen(command, env={**os.environ, **variables})
    try:
        _await(f"http://127.0.0.1:{port}/openapi.json")
        token = mint.token(uuid4())
        yield Server(name, port, psutil.Process(process.pid), token, ids, database_url)
    finally:
        process.terminate()
        process.wait(timeout=20)


def peers_database(server_url: str, peer: str) -> str:
    """Make a peer's own database: the same tables, without our triggers, which it replaces."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(f"peer_{peer}")))
    url = f"{server_url.rsplit('/', 1)[0]}/peer_{peer}"
    migrate(url, MIGRATIONS)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER TABLE entities DISABLE TRIGGER USER")
        _seed(connection, "replica")
    return url


def await_quiet(server: Server) -> None:
    """Wait until the relay has carried what was written, so that runs do not overlap."""
    if server.name != "groundwork":
        return  # nothing carries the peers' outbox
    ends = time.monotonic() + QUIET_SECONDS
    with psycopg.connect(server.database_url, autocommit=True) as connection:
        while time.monotonic() < ends:
            row = connection.execute(BEHIND).fetchone()
            if row is None or row[0] == 0:
                return
            time.sleep(0.2)


def _seed(connection: psycopg.Connection, role: Literal["origin", "replica"]) -> list[str]:
    """Fill the table and return some ids; as `replica`, triggers write no outbox rows."""
    connection.execute(f"SET session_replication_role = {role}")
    connection.execute(SEED)
    connection.execute("SET session_replication_role = DEFAULT")
    connection.execute("VACUUM ANALYZE entities")
    return [str(row[0]) for row in connection.execute(IDS).fetchall()]


def _await(url: str) -> None:
    for _ in range(200):
        try:
            httpx2.get(url).raise_for_status()
        except httpx2.HTTPError:
            time.sleep(0.1)
        else:
            return
    message = f"{url} did not answer in 20 s"
    raise RuntimeError(message)
