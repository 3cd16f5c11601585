"""Parts of a whole instance are killed, stopped or emptied while feeds come in."""

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import httpx2
import psutil
import psycopg
import pytest
from tests.child_instance import Instance

from ..comparing import differences
from ..feeds import FeedServer, endless, page, rss
from ..waiting import eventually
from .asking import Json, around, extracted, items, watch


def processes(instance: Instance, word: str) -> list[psutil.Process]:
    """Processes below the instance whose command line has a word in it."""
    found = []
    for process in psutil.Process(instance.process.pid).children(recursive=True):
        try:
            if word in " ".join(process.cmdline()):
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def environments(instance: Instance, function: str) -> list[psutil.Process]:
    """The running environments of a function."""
    found = []
    for process in processes(instance, "bootstrap"):
        try:
            if process.environ().get("AWS_LAMBDA_FUNCTION_NAME") == function:
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def many_feeds(feeds: FeedServer, word: str, count: int, entries: int) -> list[str]:
    """Serve so many feeds; return their addresses."""
    urls = []
    for n in range(count):
        path = f"/{word}-{n}"
        written = [
            {"title": f"{word} {n} {i}", "author": f"Writer {i % 3}", "topic": f"{word} {i % 4}"}
            for i in range(entries)
        ]
        feeds.answers[path] = page(rss(f"{word} {n}", f"https://{word}{n}.example.com", written))
        urls.append(feeds.url(path))
    return urls


def mentions_twice(instance: Instance) -> int:
    """Return the number of duplicate statements and duplicate documents."""
    with psycopg.connect(instance.addresses["DATABASE_URL"]) as database:
        row = database.execute(
            "SELECT (SELECT count(*) FROM (SELECT 1 FROM mentions GROUP BY document_id, entity_id,"
            " relationship_id, role HAVING count(*) > 1) m) + (SELECT count(*) FROM (SELECT 1 FROM"
            " documents GROUP BY source_id, external_id HAVING count(*) > 1) d)"
        ).fetchone()
    assert row is not None
    return int(row[0])


def graph_is_equal(instance: Instance) -> bool:
    """True if Postgres and Neo4j hold the same entities and relationships, row by row."""
    import neo4j  # noqa: PLC0415 - only this test pays for the driver

    addresses = instance.addresses
    with neo4j.GraphDatabase.driver(
        addresses["NEO4J_URI"], auth=(addresses["NEO4J_USER"], addresses["NEO4J_PASSWORD"])
    ) as driver:
        return not differences(addresses["DATABASE_URL"], driver)


@contextmanager
def in_background(action: Callable[[], object], every_seconds: float) -> Iterator[None]:
    """Do something again and again until the block ends."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(every_seconds):
            action()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


pytestmark = pytest.mark.timeout(300)  # a graph that restarts on a busy machine takes its time


def all_extracted(admin: httpx2.Client, sources: list[Json], entries: int) -> bool:
    return all(extracted(admin, source, entries) for source in sources)


def test_killed_environments_lose_no_document_and_apply_each_result_once(
    instance: Instance, admin: httpx2.Client, feeds: FeedServer
) -> None:
    urls = many_feeds(feeds, "killed", 4, 6)
    killed = 0

    def kill_one() -> None:
        nonlocal killed
        for function in ("fetch", "reference-extractor", "results", "relay"):
            for process in environments(instance, function)[:1]:
                process.send_signal(signal.SIGKILL)
                killed += 1

    with in_background(kill_one, every_seconds=0.7):
        sources = [watch(admin, url) for url in urls]
        assert eventually(lambda: killed >= 8, within_seconds=60)
    # The queues deliver again after seconds; rows of a killed relay may wait for a minute's run.
    assert eventually(lambda: all_extracted(admin, sources, 6), within_seconds=100)
    assert mentions_twice(instance) == 0


@pytest.mark.long
def test_an_unreachable_graph_catches_up_afterwards(
    instance: Instance, admin: httpx2.Client, feeds: FeedServer
) -> None:
    (neo4j,) = processes(instance, "CommunityEntryPoint")
    urls = many_feeds(feeds, "dark", 3, 8)
    neo4j.suspend()  # black-holed: it takes connections and says nothing
    try:
        sources = [watch(admin, url) for url in urls]
        assert eventually(lambda: all_extracted(admin, sources, 8), within_seconds=100)
        ready = httpx2.get(f"{instance.url}/health/ready").json()
        assert ready["dependencies"]["graph"]["state"] == "down" or ready["status"] != "ok"
        answer = admin.post("/graphql", json={"query": "{ entities { edges { cursor } } }"})
        assert answer.status_code == 503, answer.text
        assert "Retry-After" in answer.headers
    finally:
        neo4j.resume()
    assert eventually(lambda: graph_is_equal(instance), within_seconds=90)
    assert around(admin, "dark0.example.com")


@pytest.mark.long
def test_a_graph_that_is_killed_is_restarted_and_equal_at_the_end(
    instance: Instance, admin: httpx2.Client, feeds: FeedServer
) -> None:
    """A service that died is started again; a graph that was unreachable catches up."""
    (neo4j,) = processes(instance, "CommunityEntryPoint")
    urls = many_feeds(feeds, "fallen", 2, 8)
    sources = [watch(admin, url) for url in urls]
    neo4j.send_signal(signal.SIGKILL)

    def seen_down() -> bool:
        ready = httpx2.get(f"{instance.url}/health/ready").json()
        return bool(ready["dependencies"]["graph"]["state"] == "down")

    assert eventually(seen_down)
    assert eventually(lambda: all_extracted(admin, sources, 8), within_seconds=60)
    assert eventually(lambda: not seen_down(), within_seconds=110)
    assert eventually(lambda: graph_is_equal(instance), within_seconds=90)


@pytest.mark.long
def test_an_emptied_queue_service_loses_no_document_and_no_job(
    instance: Instance, admin: httpx2.Client, feeds: FeedServer
) -> None:
    """Pollers continue after the emulator came back empty; overdue messages are sent again."""
    urls = many_feeds(feeds, "emptied", 4, 8)
    sources = [watch(admin, url) for url in urls]
    for emulator in processes(instance, "ministack"):
        emulator.send_signal(signal.SIGKILL)
    sources += [watch(admin, url) for url in many_feeds(feeds, "after", 2, 8)]
    assert eventually(lambda: all_extracted(admin, sources, 8), within_seconds=170)
    assert mentions_twice(instance) == 0


def test_bad_responses_show_a_class_of_error_and_delay_no_other_source(
    admin: httpx2.Client, feeds: FeedServer
) -> None:
    good = rss("Good", "https://good.example.com", [{"title": "Fine"}])
    feeds.answers |= {
        "/good": page(good),
        "/empty": page(b""),
        "/html": page(b"<!doctype html><title>No feed</title><p>Hello", "text/html"),
        "/cut": page(good[: len(good) // 3]),
        "/endless": endless,
        "/large": page(b"<rss>" + b"x" * 50_000_000),
    }
    bad = {name: watch(admin, feeds.url(f"/{name}")) for name in ("empty", "html", "endless",
                                                                "large", "absent")}  # fmt: skip
    fine = watch(admin, feeds.url("/good"))
    assert eventually(lambda: extracted(admin, fine, 1))

    def state(source: Json) -> Json:
        found: Json = admin.get(f"/api/v1/sources/{source['id']}").json()["state"]
        return found

    assert eventually(
        lambda: all(state(source)["status"] == "failing" for source in bad.values()), 60
    )
    classes = {name: state(source)["error"]["class"] for name, source in bad.items()}
    assert classes["large"] == "too_large"
    assert classes["endless"] in {"too_large", "too_slow"}
    assert classes["absent"] == "http_4xx" or "40" in classes["absent"]
    assert all(classes.values())


def test_an_address_that_is_not_public_is_refused_unless_allowed(
    admin: httpx2.Client, feeds: FeedServer
) -> None:
    inward = "http://169.254.169.254/latest/meta-data/"
    every_hour = {"kind": "interval", "every_seconds": 3600}
    refused = admin.post(
        "/api/v1/sources", json={"name": "Inward", "url": inward, "schedule": every_hour}
    )
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/url")

    def redirect(request: BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", inward)
        request.end_headers()

    feeds.answers["/inward"] = redirect
    source = watch(admin, feeds.url("/inward"))

    def error() -> str | None:
        found = admin.get(f"/api/v1/sources/{source['id']}").json()["state"]["error"]
        return found["class"] if found else None

    assert eventually(error) == "blocked_address"


def test_a_message_delivered_five_times_makes_no_second_row(
    instance: Instance, admin: httpx2.Client, feeds: FeedServer
) -> None:
    (url,) = many_feeds(feeds, "five", 1, 5)
    source = watch(admin, url)
    assert eventually(lambda: extracted(admin, source, 5))
    documents = items(admin, "/api/v1/documents", source_id=source["id"])
    (job,) = items(admin, "/api/v1/jobs", document_id=documents[0]["id"])
    message = json.dumps(
        {
            "contract": "groundwork/job/1",
            "job_id": job["id"],
            "kind": "extract",
            "attempt_hint": 1,
            "payload": {"document_id": documents[0]["id"], "revision": 1},
        }
    )
    before = mentions_of(instance, documents[0]["id"])
    sqs = queue_client(instance)
    (queue,) = [
        address for address in sqs.list_queues()["QueueUrls"] if address.endswith("ExtractQueue")
    ]
    for _ in range(5):
        sqs.send_message(QueueUrl=queue, MessageBody=message)
    assert eventually(lambda: waiting(sqs, queue) == 0)
    time.sleep(2)
    assert mentions_of(instance, documents[0]["id"]) == before
    assert items(admin, "/api/v1/jobs", document_id=documents[0]["id"]) == [job]


def mentions_of(instance: Instance, document_id: str) -> int:
    with psycopg.connect(instance.addresses["DATABASE_URL"]) as database:
        row = database.execute(
            "SELECT count(*) FROM mentions WHERE document_id = %s", [document_id]
        ).fetchone()
    assert row is not None
    return int(row[0])


def queue_client(instance: Instance):  # type: ignore[no-untyped-def]  # boto3 makes its clients' types
    import boto3  # noqa: PLC0415 - only this test pays for it

    return boto3.client(
        "sqs",
        endpoint_url=instance.addresses["AWS_ENDPOINT_URL"],
        region_name="eu-central-1",
        aws_access_key_id=instance.addresses["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=instance.addresses["AWS_SECRET_ACCESS_KEY"],
    )


def waiting(sqs, queue: str) -> int:  # type: ignore[no-untyped-def]  # as above
    attributes = sqs.get_queue_attributes(
        QueueUrl=queue,
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )["Attributes"]
    return sum(int(value) for value in attributes.values())
