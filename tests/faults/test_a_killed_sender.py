"""A sender of webhooks is killed between messages: another sends the rest, with the same ids."""

import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ..fakes.secrets import DATA_KEYS, MemorySecrets
from ..integration.core.webhooks.conftest import Office, office, receiver
from ..integration.functions.rest_api.conftest import rest
from ..waiting import eventually
from ..webhook_receiver import Answers, Received

__all__ = ["office", "receiver", "rest"]
SCRIPT = Path(__file__).with_name("webhook_sender.py")
EVENTS = 40
BEFORE_THE_KILL = 8


@contextmanager
def sending(office: Office, mode: str, keys: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        **os.environ,
        "DATABASE_URL": office.rest.url,
        "GROUNDWORK_FETCH_ALLOW": office.receiver.allowed,
        "DATA_KEYS_SECRET_ID": keys.as_uri(),
    }
    process = subprocess.Popen(
        [sys.executable, SCRIPT, mode], env=environment, stdout=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("mode", ["as_it_is", "settles_first"])
def test_each_event_is_sent_at_least_once_and_always_with_one_id(
    office: Office, tmp_path: Path, mode: str
) -> None:
    safe = office.rest.parts.secrets
    assert isinstance(safe, MemorySecrets)
    keys = tmp_path / "data-keys"
    keys.write_text(safe.read(DATA_KEYS))
    keys.chmod(0o600)

    def slowly(to: Answers, _of: Received) -> None:
        office.receiver.over.wait(0.1)
        to.say(200)

    office.receiver.answers["/a"] = slowly
    webhook = office.webhook("/a", max_in_flight=4)
    contents = set(office.publish(EVENTS))
    office.relay()
    with sending(office, mode, keys) as first:
        assert eventually(lambda: len(office.receiver.all) >= BEFORE_THE_KILL)
        first.send_signal(signal.SIGKILL)
        first.wait()
    with sending(office, mode, keys):
        eventually(lambda: "pending" not in office.messages(webhook), within_seconds=60)
    ids = defaultdict(set)
    for one in office.receiver.all:
        ids[one.event(webhook.json["secret"])["data"]["id"]].add(one.id)
    assert all(len(known) == 1 for known in ids.values())
    # With the guard disabled: what the killed one had leased is lost.
    assert (set(ids) == contents) is (mode == "as_it_is")
