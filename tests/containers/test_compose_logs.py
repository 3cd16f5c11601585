"""The profile `elk`: Fluent Bit ships the containers' lines, and OpenSearch finds them."""

import json
import secrets
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from ..waiting import eventually
from .engine import Engine
from .project import Project

pytestmark = [pytest.mark.long, pytest.mark.containers, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def shipper(project: Project) -> str:
    """The image of Fluent Bit, which no package has; skips where no registry is reached."""
    images = project("--profile", "elk", "config", "--images").split()
    (image,) = [name for name in images if "fluent-bit" in name]
    try:
        project.engine.docker("image", "inspect", image)
    except RuntimeError:
        try:
            project.engine.docker("pull", "-q", image, timeout=600)
        except RuntimeError:
            pytest.skip(f"the engine has no image {image} and cannot pull it")
    return image


@pytest.fixture(scope="module", autouse=True)
def running(project: Project, shipper: str, opensearch: str) -> Iterator[None]:
    """Start OpenSearch and Fluent Bit beside the project."""
    images = project("--profile", "elk", "config", "--images").split()
    assert {shipper, opensearch} <= set(images)
    project("--profile", "elk", "up", "-d", "--no-deps", "opensearch", "fluent-bit")
    assert eventually(lambda: found(project, {"match_all": {}}), 300), report(project)
    yield
    print(report(project))


def report(project: Project) -> str:
    return project("--profile", "elk", "logs", "--tail", "20", "opensearch", "fluent-bit")


def found(project: Project, query: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the lines that OpenSearch finds; none while it does not respond."""
    url = f"http://127.0.0.1:{project.ports['OPENSEARCH']}/groundwork-*/_search"
    try:
        asked = httpx2.post(url, json={"size": 1000, "query": query}, timeout=20)
    except httpx2.TransportError:
        return []
    return [hit["_source"] for hit in asked.json().get("hits", {}).get("hits", [])]


def by(project: Project, field: str, value: str) -> list[dict[str, Any]]:
    return found(project, {"term": {f"{field}.keyword": value}})


def ask(project: Project, marker: str) -> None:
    """Make a host log a line with that word."""
    url = f"{project.url}/api/v1/sources/{marker}"
    assert httpx2.get(url, timeout=60).status_code in {401, 404}


def with_word(project: Project, word: str) -> list[str]:
    return sorted(line["message"] for line in found(project, {"match": {"message": word}}))


def test_a_line_is_found_by_its_trace_and_by_its_request(project: Project) -> None:
    trace = f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    login = {"email": "nobody@localhost.test", "password": "none-that-anybody-has"}
    header = {"X-Amzn-Trace-Id": f"Root={trace};Sampled=1"}
    refused = httpx2.post(
        f"{project.url}/api/v1/auth/login", json=login, headers=header, timeout=60
    )
    assert refused.status_code == 401
    assert eventually(lambda: by(project, "trace.id", trace), 120), report(project)
    (line,) = by(project, "trace.id", trace)
    assert (line["message"], line["log.level"]) == ("A login failed", "info")
    assert line["service.name"] == "groundwork"
    assert {"@timestamp", "ecs.version", "log.logger", "function", "log.file.path"} <= set(line)
    assert line["container.name"] in {project.name("host-1"), project.name("host-2")}
    assert line["request_id"] == refused.headers["x-request-id"]
    # The host's line of the same request.
    assert eventually(lambda: len(by(project, "request_id", line["request_id"])) == 2, 60)
    # What was never sent is not found.
    assert by(project, "trace.id", trace[:-1]) == []
    assert by(project, "request_id", "never") == []


def test_a_line_that_is_not_json_is_a_message(project: Project) -> None:
    query = {"term": {"container.name.keyword": project.name("postgres")}}
    assert eventually(lambda: found(project, query), 60)
    said = " ".join(line["message"] for line in found(project, query))
    assert "database system is ready to accept connections" in said


def test_lines_of_other_projects_stay_where_they_are(project: Project, base: str) -> None:
    shipped, other = f"w{secrets.token_hex(6)}", f"w{secrets.token_hex(6)}"
    for name, word in (("other", other), ("groundwork-control", shipped)):
        options = ("run", "--rm", "--log-opt=tag={{.Name}}", f"--name={name}")
        # Longer than the time after which Fluent Bit looks for new files.
        twice = f"echo {word}; echo {word}; sleep 12"
        project.engine.docker(*options, base, "sh", "-c", twice)
    # Equal lines are not the same line.
    assert eventually(lambda: with_word(project, shipped) == [f"{shipped}\n"] * 2, 60)
    assert with_word(project, other) == []


def test_a_line_of_several_parts_arrives_as_one(project: Project, base: str) -> None:
    word = f"w{secrets.token_hex(6)}"
    line = {"message": f"{word} {'long ' * 8000}", "log.level": "info"}
    code = f"import json, time; print({json.dumps(line)!r}, flush=True); time.sleep(12)"
    options = ("run", "--rm", "--log-opt=tag={{.Name}}", "--name=groundwork-long")
    project.engine.docker(*options, base, "python3", "-c", code)
    assert eventually(lambda: with_word(project, word), 60)
    assert with_word(project, word) == [line["message"]]


def test_lines_of_an_outage_arrive_once_when_opensearch_is_back(project: Project) -> None:
    word = f"w{secrets.token_hex(6)}"
    for number in range(5):
        ask(project, f"{word}-{number}")
    assert eventually(lambda: len(with_word(project, word)) == 5, 60)
    project("--profile", "elk", "kill", "opensearch")
    for number in range(5, 25):
        ask(project, f"{word}-{number}")
    time.sleep(10)  # Fluent Bit has tried
    project("--profile", "elk", "kill", "fluent-bit")
    for number in range(25, 30):
        ask(project, f"{word}-{number}")
    project("--profile", "elk", "start", "fluent-bit")
    for service in ("host-1", "host-2"):
        state = project.engine.docker(
            "inspect", "-f", "{{.State.Health.Status}}", project.container(service)
        )
        assert state.strip() == "healthy"
    assert with_word(project, word) == []
    project("--profile", "elk", "start", "opensearch")
    assert eventually(lambda: len(with_word(project, word)) >= 30, 300), report(project)
    time.sleep(10)  # what is sent twice would arrive too
    paths = [message.split()[1].rsplit("-", 1)[1] for message in with_word(project, word)]
    assert sorted(map(int, paths)) == list(range(30))


def test_the_lines_of_the_shippers_are_not_shipped(project: Project) -> None:
    """Or each would cause another."""
    for service in ("fluent-bit", "opensearch"):
        query = {"term": {"container.name.keyword": project.name(service)}}
        assert found(project, query) == []


def test_the_shipper_can_do_no_more_than_read(project: Project, engine: Engine) -> None:
    (inspected,) = json.loads(engine.docker("inspect", project.container("fluent-bit")))
    assert inspected["HostConfig"]["CapDrop"] == ["ALL"]
    assert inspected["HostConfig"]["ReadonlyRootfs"]
    writable = {mount["Destination"] for mount in inspected["Mounts"] if mount["RW"]}
    assert writable == {"/state"}
