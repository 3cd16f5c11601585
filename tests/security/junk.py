"""Junk bodies, and what it takes to refuse each: run as a program, in a process of its own.

    python -m tests.security.junk

prints a JSON object: by name the status, and the megabytes that it took at most.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

from tests.fakes.callers import FakeCallers, FakeClock, Mint

from groundwork_core.identity.permissions import PERMISSIONS
from groundwork_functions.identity.routes import router as identity
from groundwork_functions.rest_api.handler import router as rest
from groundwork_runtime.http.application import Application
from groundwork_runtime.http.authentication import Authenticator
from groundwork_runtime.settings import Settings
from groundwork_runtime.wiring import Wiring

NOWHERE = "postgresql://u:p@127.0.0.1:9/none"
"""A database that cannot be reached: requests that pass all checks get 503."""
MB10 = 10_000_000
MB1 = 1_000_000
CONTEXT = SimpleNamespace(aws_request_id="r")


def filled(before: str, one: str, after: str, size: int) -> str:
    """A list of as many of one thing as fit."""
    many = (size - len(before) - len(after)) // (len(one) + 1)
    return before + ",".join([one] * many) + after


def keys(before: str, after: str, size: int) -> str:
    """An object with as many members as fit."""
    members = ",".join(f'"k{number}":1' for number in range(size // 15))
    return f"{before}{{{members}}}{after}"


def bodies() -> Iterator[tuple[str, str, str]]:
    """Names, paths, and bodies that are as long as the path takes, and longer."""
    item = '{"items":[{"name":"n","type":"topic",'
    for size in (MB1, MB10):
        of = f"of {size // MB1} MB"
        yield f"scopes {of}", "api-keys", filled('{"name":"n","scopes":[', "1", "]}", size)
        yield f"aliases {of}", "entities", filled('{"name":"n","aliases":[', "1", "]}", size)
        yield f"tags {of}", "sources", filled('{"name":"n","tags":[', "1", "]}", size)
        yield f"vector {of}", "embeddings", filled('{"vector":[', "true", "]}", size)
        yield f"texts {of}", "contents", filled('{"title":[', '"ab"', "]}", size)
        yield f"members {of}", "entities", keys("", "", size)
        yield f"members of a schedule {of}", "sources", keys('{"schedule":', "}", size)
        yield f"members of login {of}", "auth/login", keys("", "", size)
        for one in ("1", "{}", '{"a":1}', "[[]]"):
            yield f"items {one} {of}", "entities/bulk", filled('{"items":[', one, "]}", size)
        yield (
            f"aliases of an item {of}",
            "entities/bulk",
            filled(item + '"aliases":[', "1", "]}]}", size),
        )
        yield f"members of an item {of}", "entities/bulk", keys('{"items":[', "]}", size)
        for one in ("1", "[[]]", '"ab"'):
            within = filled(item + '"attributes":{"a":[', one, "]}}]}", size)
            yield f"attributes {one} of an item {of}", "entities/bulk", within


def status(name: str) -> int:
    """Read a number of kilobytes from what Linux says of this process, as megabytes."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith(name))


def main() -> None:
    """Send each to the function that serves it."""
    mint, store = Mint(), FakeCallers()
    store.public[mint.kid] = mint.public
    parts = Wiring(
        Settings.from_environment({"GROUNDWORK_RATE_LIMIT": "0", "DATABASE_URL": NOWHERE})
    )
    parts.authenticator = Authenticator(
        store, issuer="groundwork", clock=FakeClock(datetime.now(UTC))
    )
    token = mint.token(store.add(*PERMISSIONS))
    functions = [Application(router, lambda: parts) for router in (rest, identity)]
    found = {}
    for name, path, body in [("nothing", "entities", "{}"), *bodies()]:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forgets the peak
        before = status("VmRSS")
        answer = functions["auth" in path](
            {
                "httpMethod": "POST",
                "path": f"/api/v1/{path}",
                "headers": {"Authorization": f"Bearer {token}"},
                "requestContext": {"requestId": "r", "identity": {"sourceIp": "192.0.2.1"}},
                "body": body,
            },
            CONTEXT,
        )
        faults = json.loads(answer["body"]).get("errors", [])
        found[name] = (answer["statusCode"], status("VmHWM") - before, len(faults))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
