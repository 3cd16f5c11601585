"""The receiver of docs/contracts/publishing.md, run as it stands there."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from ....child_instance import free_port
from ...functions.rest_api.conftest import Rest
from .conftest import Office

PAGE = Path(__file__).parents[4] / "docs" / "contracts" / "publishing.md"
LINES_MAX = 25


def code() -> str:
    section = PAGE.read_text().split("### A receiver in 20 lines")[1]
    return section.split("```python\n")[1].split("```")[0]


def test_the_receiver_of_the_tutorial_prints_verified_messages(office: Office, rest: Rest) -> None:
    assert len(code().strip().splitlines()) <= LINES_MAX
    port = free_port()
    allowed = office.rest.parts.settings.model_copy(update={"fetch_allow": (f"127.0.0.1:{port}",)})
    rest.parts.settings = allowed
    del rest.parts.allowed
    webhook = rest.create(
        "webhooks", url=f"http://127.0.0.1:{port}/", events=["contents.published"]
    )
    environment = {**os.environ, "PORT": str(port), "WEBHOOK_SECRET": webhook.json["secret"]}
    with subprocess.Popen(
        [sys.executable, "-c", code()],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as receiver:
        try:
            listening(port)
            assert office.act(webhook, "test").status == 202
            (content,) = office.publish()
            office.relay()
            # Sent twice, as after a crash: it acts once.
            office.send(post=office.poster())
            office.sql("UPDATE webhook_messages SET status = 'pending' RETURNING 1")
            office.send(post=office.poster())
            assert [one["status"] for one in office.attempts(webhook)] == [204] * 4
        finally:
            receiver.terminate()
        assert receiver.stdout is not None
        assert sorted(receiver.stdout.read().splitlines()) == [
            f"contents.published {content}",
            f"webhooks.test {webhook.json['id']}",
        ]


def listening(port: int) -> None:
    for _ in range(600):
        with socket.socket() as one:
            one.settimeout(1)
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    message = "the receiver did not start"
    raise AssertionError(message)
