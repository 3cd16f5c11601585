"""The environment is killed around the commit of a write: sent again, it has one effect."""

import asyncio
import json
from pathlib import Path

import psycopg
import pytest

from groundwork_lambda_host.host import Host
from groundwork_lambda_host.settings import HostSettings
from groundwork_lambda_host.template import Addresses, load

from ..integration.lambda_host.conftest import Answer, Function, ask, template
from .serving import HANDLERS, editor

PATH = "/api/v1/entities"
BODY = json.dumps({"name": "Ada", "type": "person", "confidence": 1.0}).encode()
FAILED = {500, 502, 503, 504}


def effects(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM entities").fetchone()
    assert row is not None
    return int(row[0])


async def killed_and_sent_again(url: str, path: Path, dies: str, *, key: bool) -> list[Answer]:
    """Write, die, and send the same once more to the environment that comes after."""
    headers = [("Authorization", f"Bearer {editor(url)}"), ("Content-Type", "application/json")]
    if key:
        headers.append(("Idempotency-Key", "the-same"))
    variables = (("DATABASE_URL", url), ("GROUNDWORK_ENV", "local"))
    function = Function(
        "Writer", "dying_writer.handler", PATH, "POST", 20, variables, code=HANDLERS
    )
    (path / "template.yaml").write_text(template(function))
    stack = load(path / "template.yaml", {}, Addresses())
    quiet = HostSettings(port=0, announce_seconds=0.1, finish_seconds=2.0)
    host = Host(stack, quiet, None, lambda _line: None)
    await host.start()
    try:
        first = await ask(host.port, PATH, "POST", BODY, (*headers, ("X-Test-Dies", dies)))
        again = await ask(host.port, PATH, "POST", BODY, tuple(headers))
        while again.status == 409:  # the database has not noticed the death yet
            await asyncio.sleep(float(again.header("retry-after")) / 10)
            again = await ask(host.port, PATH, "POST", BODY, tuple(headers))
        return [first, again]
    finally:
        await host.drain()


@pytest.mark.parametrize(("dies", "replayed"), [("before", ""), ("after", "true")])
def test_a_write_whose_process_died_is_sent_again_and_has_one_effect(
    database_url: str, tmp_path: Path, dies: str, replayed: str
) -> None:
    first, again = asyncio.run(killed_and_sent_again(database_url, tmp_path, dies, key=True))
    assert first.status in FAILED
    assert (again.status, again.header("idempotent-replayed")) == (201, replayed)
    assert effects(database_url) == 1


def test_without_an_idempotency_key_a_repeated_write_takes_effect_twice(
    database_url: str, tmp_path: Path
) -> None:
    """With the guard disabled."""
    first, again = asyncio.run(killed_and_sent_again(database_url, tmp_path, "after", key=False))
    assert (first.status in FAILED, again.status) == (True, 201)
    assert effects(database_url) == 2
