"""Requests that succeed: the document's own examples, about things that are there.

A fuzzer sends a document's examples as they are. Those of ours name ids that nobody has; here they
name things made for it, so that each operation can show its good response.
"""

import copy
import re
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from typing import Any
from uuid import uuid4

import httpx2

from .good_state import Hub, Leases, ended_export, started_export

Json = dict[str, Any]
NOWHERE = "http://127.0.0.1:9/"
"""A feed that nobody can fetch."""
MADE = (
    "sources", "documents", "entities", "relationships", "jobs", "embeddings", "contents",
    "distributions", "deliveries", "engagements", "roles", "users", "configurations", "preferences",
    "api-keys", "webhooks", "publishers", "schedules",
)  # fmt: skip
"""In an order in which each finds what it points at."""
FIXED = {
    "version": "1",
    "name": "start.js",
    "key": "language",
    "host": "example.org",
}
"""Values of path parameters that no resource gives."""


class World:
    """Makes things through the API, and knows their ids."""

    def __init__(self, admin: httpx2.Client, document: Json, credentials: Json, hub: Hub) -> None:
        """Make requests from the API's document, as the client's user, with a hub for webhooks."""
        self._admin, self._document, self._credentials = admin, document, credentials
        self._numbers = count(1)
        self._leases = Leases(admin)
        self.own: dict[str, str] = {}
        """The only operation, as `POST /path`, that may change a thing, by the thing's id."""
        self.known: dict[str, str] = {"user_id": admin.get("/api/v1/me").json()["id"]}
        """An id by the name of its parameter; of things that stay."""
        for resource in MADE:
            if resource != "users":
                self.known[self._parameter(resource)] = self.make(resource)
        self.own.update(dict.fromkeys(self.known.values(), ""))
        self.publisher_secret: str = admin.post(
            "/api/v1/publishers", json={"name": "Signs its callbacks"}
        ).json()["secret"]
        run_id = started_export(admin)
        pushed = hub.subscribed(admin)
        self._fixed: dict[str, str] = {**FIXED, **ended_export(admin, run_id), **pushed}
        """Parameters, also of queries, by their names."""

    def make(self, resource: str) -> str:
        """Make one more; return its id."""
        path = f"/api/v1/{resource}"
        body = self.body(path, "post")
        made = self._admin.post(path, json=body)
        assert made.status_code == 201, (path, body, made.text)
        id_: str = made.json()["id"]
        return id_

    def body(self, path: str, method: str) -> Any:
        """The example of an operation's body, about things that are there."""
        content = self._document["paths"][path][method].get("requestBody", {}).get("content", {})
        if "application/json" not in content:
            return None
        body = copy.deepcopy(content["application/json"]["example"])
        if path.endswith("/logout"):
            return body  # of a token that nobody has, or the session would be gone
        if path.endswith("/search"):
            del body["subject_id"]  # or the vector, but not both
        return self._filled(body, path.split("/")[3] if path.count("/") > 2 else "")

    def examples(self) -> Json:
        """The document, with examples that succeed."""
        document = copy.deepcopy(self._document)
        for path, item in document["paths"].items():
            for method, operation in item.items():
                ids = self._ids(path, method, operation["operationId"])
                body = self.body(path, method)
                if isinstance(body, dict) and "lease_token" in body:
                    name = next(name for name in ids if f"{{{name}}}" in path)
                    leased = self._leased(name)
                    ids = {**ids, name: leased["id"]}
                    body["lease_token"] = leased["lease_token"]
                for parameter in operation.get("parameters", []):
                    name = parameter["name"]
                    if parameter["in"] == "path" or (name.startswith("hub.") and name in ids):
                        parameter["example"] = ids[name]
                    elif name == "If-Match":
                        parameter["example"] = "*"
                for name in self.known:
                    self.own.setdefault(ids[name], f"{method.upper()} {path}")
                if body is not None:
                    operation["requestBody"]["content"]["application/json"]["example"] = body
        return document

    def _ids(self, path: str, method: str, operation: str) -> Mapping[str, str]:
        """Return path parameters; an operation that changes the thing gets one of its own."""
        ids = {**self.known, **self._fixed}
        named = re.findall(r"\{(\w+)\}", path)
        if named == ["audit_event_id"]:
            ids["audit_event_id"] = self._admin.get("/api/v1/audit-events").json()["items"][0]["id"]
        elif named and named[0] in self.known and (method != "get" or named == ["user_id"]):
            # The known user is the one who asks, whom the fuzzer leaves alone (hooks.py).
            ids[named[0]] = self.make(path.split("/")[3])
        if operation == "splitEntity":
            merged = {"into": self.known["entity_id"]}
            place = f"/api/v1/entities/{ids['entity_id']}/merge"
            done = self._admin.post(place, json=merged, headers={"If-Match": "*"})
            assert done.status_code == 200, done.text
        return ids

    def _leased(self, parameter: str) -> Json:
        """A leased job or distribution: `id` and `lease_token`."""
        return self._leases.job() if parameter == "job_id" else self._leases.distribution()

    def _parameter(self, resource: str) -> str:
        """`api-keys` → `api_key_id`."""
        listed = self._document["paths"]
        one: str = next(
            path for path in listed if re.fullmatch(rf"/api/v1/{resource}/{{\w+}}", path)
        )
        return one.rpartition("{")[2].rstrip("}")

    def _filled(self, value: Any, resource: str) -> Any:
        if isinstance(value, list):
            return [self._filled(each, resource) for each in value]
        if not isinstance(value, dict):
            return value
        filled = {name: self._field(name, each, resource) for name, each in value.items()}
        if value.keys() >= {"id", "lease_token"}:  # an item about a leased job
            filled |= self._leases.job()
        return filled

    def _field(self, name: str, value: Any, resource: str) -> Any:
        number = next(self._numbers)
        if name in self._credentials:
            return self._credentials[name] if resource == "auth" else f"{number}-{value}"
        makers: Mapping[str, Callable[[], Any]] = {
            **{parameter: partial(str, id_) for parameter, id_ in self.known.items()},
            **dict.fromkeys(("subject_id", "to_id"), lambda: self.make("entities")),
            **dict.fromkeys(("from_id", "into"), lambda: self.known["entity_id"]),
            **dict.fromkeys(("expires_at", "valid_to"), lambda: "2126-01-31T12:00:00Z"),
            **dict.fromkeys(
                ("name", "key", "recipient", "external_id"), lambda: f"{value}-{number}"
            ),
            # The reference extractor is through with its own kind before anybody can change one.
            "kind": lambda: "review" if resource == "jobs" else value,
            "id": lambda: str(uuid4()),
            "url": lambda: f"{NOWHERE}{number}",
            "vector": lambda: [1.0, 0.0, number],
        }
        make = makers.get(name)
        return self._filled(value, resource) if make is None else make()
