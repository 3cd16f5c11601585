"""The requests of the clients: read one, list 50 with a filter, create, patch."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

PATH = "/api/v1/entities"
ETAG = re.compile(rb"\r\netag: *([^\r]+)", re.IGNORECASE)


def request(method: str, path: str, token: str, body: str = "", *headers: str) -> bytes:
    """Write one request as bytes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {token}"]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body.encode())}"]
    return "\r\n".join([*lines, *headers, "", body]).encode()


class Read:
    """A different one each time."""

    name, status = "read", 200

    def __init__(self, token: str, ids: Sequence[str]) -> None:
        """Prepare reads of these resources with a token."""
        made = [request("GET", f"{PATH}/{one}", token) for one in ids]
        self._requests = itertools.cycle(made)

    def request(self, _client: int) -> bytes:
        """Return the next."""
        return next(self._requests)

    def heard(self, client: int, head: bytes) -> None:
        """Nothing to remember."""


class List:
    """The first 50 of a type."""

    name, status = "list", 200

    def __init__(self, token: str) -> None:
        """Prepare requests with a token."""
        self._request = request("GET", f"{PATH}?type=person&limit=50", token)

    def request(self, _client: int) -> bytes:
        """Return the same each time."""
        return self._request

    def heard(self, client: int, head: bytes) -> None:
        """Nothing to remember."""


class Create:
    """A new one each time."""

    name, status = "create", 201

    def __init__(self, token: str, label: str) -> None:
        """Prepare requests with a token, and with a prefix of the keys."""
        self._token, self._label = token, label
        self._number = itertools.count()

    def request(self, _client: int) -> bytes:
        """Return one more."""
        number = next(self._number)
        new = {
            "name": f"Made {number}",
            "type": "topic",
            "confidence": 0.5,
            "key": f"{self._label}-{number}",
            "aliases": [f"alias {number}"],
            "attributes": {"rank": number, "note": "x" * 80},
        }
        return request("POST", PATH, self._token, json.dumps(new))

    def heard(self, client: int, head: bytes) -> None:
        """Nothing to remember."""


@dataclass
class Patch:
    """Each client changes a row of its own, and names the version of the last answer."""

    token: str
    rows: Sequence[str]
    name: str = "patch"
    status: int = 200
    _tags: dict[int, str] = field(default_factory=dict)
    _number: int = 0

    def request(self, client: int) -> bytes:
        """Return a change that is one."""
        self._number += 1
        body = f'{{"confidence":{self._number % 997 / 1000}}}'
        tag = self._tags.get(client, '"1"')
        path = f"{PATH}/{self.rows[client]}"
        return request("PATCH", path, self.token, body, f"If-Match: {tag}")

    def heard(self, client: int, head: bytes) -> None:
        """Remember the version."""
        found = ETAG.search(head)
        assert found is not None, head
        self._tags[client] = found[1].decode()
