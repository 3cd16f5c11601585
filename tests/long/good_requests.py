"""Requests that succeed: the document's own examples, about things that are there.

A fuzzer sends a document's examples as they are. Those of ours name ids that nobody has; here they
name things made for it, so that each operation can show its good answer.
"""

import copy
import re
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from typing import Any
from uuid import uuid4

import httpx2

Json = dict[str, Any]
NOWHERE = "http://127.0.0.1:9/"
"""A feed that nobody can fetch."""
MADE = (
    "sources", "documents", "entities", "relationships", "jobs", "embeddings", "contents",
    "distributions", "deliveries", "engagements", "roles", "users", "configurations", "preferences",
    "api-keys", "webhooks", "publishers",
)  # fmt: skip
"""In an order in which each finds what it points at."""


class World:
    """Makes things through the API, and knows their ids."""

    def __init__(self, admin: httpx2.Client, document: Json, credentials: Json) -> None:
        """Take a client, the API's document, and the address and password of the client's user."""
        self._admin, self._document, self._credentials = admin, document, credentials
        self._numbers = count(1)
        self.known: dict[str, str] = {"user_id": admin.get("/api/v1/me").json()["id"]}
        """An id by the name of its parameter; of things that stay."""
        for resource in MADE:
            if resource != "users":
                self.known[self._parameter(resource)] = self.make(resource)

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
                for parameter in operation.get("parameters", []):
                    if parameter["in"] == "path":
                        parameter["example"] = ids[parameter["name"]]
                    elif parameter["name"] == "If-Match":
                        parameter["example"] = "*"
                body = self.body(path, method)
                if body is not None:
                    operation["requestBody"]["content"]["application/json"]["example"] = body
        return document

    def _ids(self, path: str, method: str, operation: str) -> Mapping[str, str]:
        """Return path parameters; an operation that changes the thing gets one of its own."""
        ids = {**self.known, "version": "1", "name": "start.js"}
        named = re.findall(r"\{(\w+)\}", path)
        if named == ["audit_event_id"]:
            ids["audit_event_id"] = self._admin.get("/api/v1/audit-events").json()["items"][0]["id"]
        elif named and named[0].endswith("_id") and (method != "get" or named == ["user_id"]):
            # The known user is the one who asks, whom the fuzzer leaves alone (hooks.py).
            ids[named[0]] = self.make(path.split("/")[3])
        if operation == "splitEntity":
            merged = {"into": self.known["entity_id"]}
            place = f"/api/v1/entities/{ids['entity_id']}/merge"
            done = self._admin.post(place, json=merged, headers={"If-Match": "*"})
            assert done.status_code == 200, done.text
        return ids

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
        return {name: self._field(name, each, resource) for name, each in value.items()}

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
