"""The whole host is killed while it sends: after its restart each event has reached its endpoint.

Beside it, an endpoint that hangs and one that is gone. The guard is taken away in
tests/faults/test_a_killed_sender.py, where a sender settles messages before it sends them.
"""

import json
import shutil
import signal
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.child_instance import Instance

from ..waiting import eventually
from ..webhook_receiver import Answers, Received, Receiver, answering, receiving

pytestmark = pytest.mark.long
EVENTS = 40
BEFORE_THE_KILL = 10


@pytest.fixture
def home() -> Iterator[Path]:
    # Not in pytest's own folder, which pytest closes to the user that PostgreSQL runs as.
    folder = Path(tempfile.mkdtemp(prefix="groundwork-killed-"))
    folder.chmod(0o755)
    yield folder / "home"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def test_each_event_is_sent_at_least_once_and_always_with_one_id(
    home: Path, receiver: Receiver
) -> None:
    def slowly(to: Answers, _of: Received) -> None:
        receiver.over.wait(0.2)
        to.say(200)

    receiver.answers |= {
        "/slow": slowly,
        "/hang": receiver.hang,
        "/gone": answering(410),
    }
    paths = ("/slow", "/fine", "/hang", "/gone")
    settings = {"GROUNDWORK_FETCH_ALLOW": receiver.allowed}
    secrets, contents = {}, set()
    with Instance(home, settings) as first, first.client() as admin:
        for path in paths:
            new = {"url": f"{receiver.url}{path}", "events": ["contents.published"]}
            answer = admin.post("/api/v1/webhooks", json=new)
            secrets[path] = answer.raise_for_status().json()["secret"]
        for _ in range(EVENTS):
            new = {"title": "T", "body": "B", "status": "published"}
            made = admin.post("/api/v1/contents", json=new).raise_for_status().json()
            contents.add(made["id"])
        assert eventually(lambda: len(receiver.at("/slow")) >= BEFORE_THE_KILL)
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
    assert len(receiver.at("/slow")) < EVENTS
    before = len(receiver.all)
    with Instance(home, settings):
        for path in ("/slow", "/fine"):
            came = partial(all_seen, receiver, path, contents)
            assert eventually(came, within_seconds=180)
        receiver.over.set()  # lets go of what hangs, so that the host ends soon
    assert len(receiver.all) > before
    last = receiver.at("/fine")[-1]
    assert last.event(secrets["/fine"])["type"] == "contents.published"
    for path in ("/slow", "/fine"):
        ids = seen(receiver, path)
        assert all(len(known) == 1 for known in ids.values())
    assert len(receiver.at("/gone")) < EVENTS / 2  # disabled by its first responses


def all_seen(receiver: Receiver, path: str, contents: set[str]) -> bool:
    return seen(receiver, path).keys() >= contents


def seen(receiver: Receiver, path: str) -> dict[str, set[str]]:
    """The ids of the messages of each content."""
    ids = defaultdict(set)
    for one in receiver.at(path):
        ids[str(json.loads(one.body)["data"]["id"])].add(one.id)
    return ids
