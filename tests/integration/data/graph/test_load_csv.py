"""Cypher reads no files and no addresses: LOAD CSV is off."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import neo4j as driver
import pytest

from groundwork_command.services import neo4j as service
from groundwork_command.services.neo4j import Memory

from ....conftest import Graph


class Asked(http.server.ThreadingHTTPServer):
    """A web server that remembers who asked."""

    paths: list[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answer(http.server.BaseHTTPRequestHandler):
    server: Asked

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"a,b\n1,2\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        pass


@pytest.fixture
def web() -> Iterator[Asked]:
    with Asked(("127.0.0.1", 0), _Answer) as server:
        server.paths = []
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize(
    "address",
    [
        "{web}/secret.csv",
        "http://localhost:{port}/secret.csv",
        "http://2130706433:{port}/secret.csv",
        "http://0x7f000001:{port}/secret.csv",
        "http://[::ffff:127.0.0.1]:{port}/secret.csv",
        "https://127.0.0.1:{port}/secret.csv",
        "ftp://127.0.0.1:{port}/secret.csv",
        "jar:{web}/secret.jar!/secret.csv",
        "file:///etc/passwd",
        "file:/etc/passwd",
        "/etc/passwd",
    ],
)
def test_load_csv_reads_no_file_and_no_address(neo4j: Graph, web: Asked, address: str) -> None:
    where = address.format(web=web.url, port=web.server_port)
    with pytest.raises(driver.exceptions.ClientError):
        neo4j.driver.execute_query("LOAD CSV FROM $where AS line RETURN line", where=where)
    assert web.paths == []


def test_the_neo4j_settings_forbid_load_csv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service._write_settings(tmp_path, 7687, Memory())
    lines = (tmp_path / "neo4j.conf").read_text().splitlines()
    assert "dbms.security.allow_csv_import_from_file_urls=false" in lines
    assert "internal.dbms.cypher_ip_blocklist=0.0.0.0/0,::/0" in lines
