"""`groundwork demo`: ingest sample feeds and query the graph about them."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from xml.etree import ElementTree as ET

from groundwork_command.demo.serving import FEEDS, FeedServer
from groundwork_command.instance import accounts, running
from groundwork_command.instance import client as api
from groundwork_command.instance.instance import Instance, InstanceThread
from groundwork_command.instance.settings import InstanceSettings
from groundwork_command.services.home import Home
from groundwork_command.services.service import ServiceError
from groundwork_command.terminal.output import clear_failures, note
from groundwork_command.terminal.progress import progress

PATIENCE_SECONDS = 120.0
CREATED, CONFLICT = 201, 409
PAGE = 200
OPEN = frozenset({"queued", "leased"})
QUERY = """\
{
  entities(filter: {type: TOPIC, q: "Engineering"}) {
    edges { node {
      name
      neighbours(first: 20) {
        edges { relationship { type } node { name type } }
      }
    } }
  }
}"""


def demo() -> None:
    """Ingest the sample feeds into the running instance, or into a temporary one."""
    with clear_failures(), _instance() as found, _client(found) as client:
        try:
            server = FeedServer(found.demo_port)
        except OSError as error:
            raise ServiceError(
                f"Port {found.demo_port}, on which the demo serves its feeds, is used by another "
                "program. Stop that program, or remove `demo` from ports.json in the state folder "
                "and start Groundwork again."
            ) from error
        with server:
            _ingest(client, server)
            response = _query(client)
    note("\nA query to try at /graphql: what do these feeds have in common?\n")
    print(QUERY)
    note("\nIts result now:\n")
    print(json.dumps(response, indent=2, ensure_ascii=False))


@contextmanager
def _instance() -> Iterator[running.Running]:
    """Yield the running instance, or start one and stop it afterwards."""
    home = Home(running.home_folder())
    if home.holder() is not None:
        yield running.find(home)
        return
    note("No instance is running: starting one for the demo.")
    settings = InstanceSettings.from_environment(os.environ)
    home.prepare()
    log = (home.logs / "functions.log").open("ab", buffering=0)
    own = InstanceThread(Instance(settings, os.environ, log.write))
    with progress() as report:
        own.start(report)
    try:
        yield running.find(home)
    finally:
        note("Stopping the instance that was started for the demo.")
        own.stop()
        log.close()


def _client(found: running.Running) -> api.Api:
    login = accounts.login_of_admin(Home(running.home_folder()), os.environ)
    if login is None:
        raise ServiceError(
            "The demo needs a login. Set GROUNDWORK_ADMIN_EMAIL and GROUNDWORK_ADMIN_PASSWORD."
        )
    return api.Api(found.url, login)


def _ingest(client: api.Api, server: FeedServer) -> None:
    """Create the sources, and wait for their documents and finished extraction jobs."""
    began = time.monotonic()
    wanted = {name: _entries(name) for name in server.urls}
    total = sum(wanted.values())
    client.patch("/api/v1/hosts/127.0.0.1", {"min_delay_ms": 0, "max_in_flight": len(wanted)})
    ids = {name: _watch(client, name, url) for name, url in server.urls.items()}

    found: set[str] = set()
    read: set[str] = set()

    def documents() -> int:
        for each in ids.values():
            page = client.get("/api/v1/documents", source_id=each, limit=PAGE)
            found.update(str(document["id"]) for document in page["items"])
        return len(found)

    def extracted() -> int:
        """Count the documents of the demo whose jobs have ended; other jobs may stay queued."""
        read.update(document for document in found - read if _is_read(client, document))
        return len(read)

    with _bars() as bar:
        _fill(bar("documents"), documents, total)
        _fill(bar("extracted"), extracted, total)
        _fill(bar("in the graph"), lambda: len(_publishers(client, set(wanted))), len(wanted))
    note(f"{total} documents of {len(wanted)} feeds in {time.monotonic() - began:.1f} s")


def _is_read(client: api.Api, document_id: str) -> bool:
    jobs = client.get("/api/v1/jobs", document_id=document_id, limit=PAGE)["items"]
    return bool(jobs) and all(job["status"] not in OPEN for job in jobs)


def _watch(client: api.Api, name: str, url: str) -> str:
    """Create the source and return its id; return the existing id after an earlier demo."""
    status, body = client.post(
        "/api/v1/sources",
        {
            "name": f"Demo: {name}",
            "url": url,
            "kind": "feed",
            "schedule": {"kind": "interval", "every_seconds": 86_400},
            "tags": ["demo"],
        },
    )
    if status == CREATED:
        return str(body["id"])
    if status != CONFLICT:
        raise ServiceError(f"The source {url} was refused: {body}")
    known = client.get("/api/v1/sources", tag="demo", limit=PAGE)["items"]
    return next(str(source["id"]) for source in known if source["url"] == url)


def _entries(name: str) -> int:
    root = ET.parse(FEEDS / f"{name}.xml").getroot()  # noqa: S314 - our own file
    return sum(1 for element in root.iter() if element.tag.rpartition("}")[2] in {"item", "entry"})


def _publishers(client: api.Api, names: set[str]) -> set[str]:
    """Return the sample publishers that are in the graph, each by the first word of its site."""
    query = "{ entities(filter: {type: ORGANIZATION}, first: 200) { edges { node { key } } } }"
    _, body = client.post("/graphql", {"query": query})
    edges = ((body.get("data") or {}).get("entities") or {}).get("edges", [])
    keys = [str(edge["node"]["key"] or "") for edge in edges]
    return {name for name in names if any(name in key for key in keys)}


def _query(client: api.Api) -> dict[str, Any]:
    status, body = client.post("/graphql", {"query": QUERY})
    if "errors" in body or not body.get("data"):
        raise ServiceError(f"GraphQL responded with {status}: {json.dumps(body)[:500]}")
    return body


Step = Callable[[int, int], None]


def _fill(step: Step, count: Callable[[], int], total: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        done = min(count(), total)
        step(done, total)
        if done >= total:
            return
        if time.monotonic() > deadline:
            raise ServiceError(
                f"Only {done} of {total} are done after {PATIENCE_SECONDS:.0f} s. "
                "`groundwork queues show` shows the waiting messages; the logs are in the state "
                "folder."
            )
        time.sleep(0.2)


@contextmanager
def _bars() -> Iterator[Callable[[str], Step]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description:>14}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:

        def bar(name: str) -> Step:
            task = bars.add_task(name, total=None)
            return lambda done, total: bars.update(task, completed=done, total=total)

        yield bar
