"""Start PostgreSQL as the official image does, from POSTGRES_USER, POSTGRES_DB and the password."""

import os
import shlex
import subprocess
from pathlib import Path

DATA = Path("/var/lib/postgresql/18/docker")
SOCKETS = ["-c", "unix_socket_directories=/tmp"]


def main() -> None:
    """Make the cluster and the database at the first start; then become the server."""
    user, name = os.environ["POSTGRES_USER"], os.environ["POSTGRES_DB"]
    if not (DATA / "PG_VERSION").exists():
        secret = Path("/tmp/password")  # noqa: S108 - in the container
        secret.write_text(os.environ["POSTGRES_PASSWORD"])
        options = shlex.split(os.environ.get("POSTGRES_INITDB_ARGS", ""))
        given = ["-U", user, f"--pwfile={secret}", "-A", "scram-sha-256"]
        subprocess.run(["initdb", "-D", str(DATA), *given, *options], check=True)
        with (DATA / "pg_hba.conf").open("a") as rules:
            rules.write("host all all all scram-sha-256\n")
        statement = f'CREATE DATABASE "{name}"'
        subprocess.run(
            ["postgres", "--single", "-D", str(DATA), "postgres"],
            input=statement.encode(),
            check=True,
        )
    listen = ["-c", "listen_addresses=*", "-c", "max_connections=200"]
    os.execvp("postgres", ["postgres", "-D", str(DATA), *listen, *SOCKETS])


main()
