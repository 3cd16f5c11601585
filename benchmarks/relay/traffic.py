"""Writes through REST at a steady rate: entities and relationships made, changed and deleted."""

from __future__ import annotations

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx2
from tests.child_instance import Instance

WRITERS = 8
SHARES = {"create entity": 40, "create relationship": 30, "patch": 20, "delete": 10}
FIRST_DAY = datetime(2020, 1, 1, tzinfo=UTC)
TYPES = ("WRITES_FOR", "WRITES_ABOUT", "COVERS", "LINKS_TO")


class Traffic:
    """Several writers, each with things of its own."""

    def __init__(self, instance: Instance, per_second: float) -> None:
        self._instance = instance
        self._every_seconds = WRITERS / per_second
        self.done: Counter[str] = Counter()

    def run(self, seconds: float) -> None:
        """Write for so long."""
        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(lambda number: self._write(number, seconds), range(WRITERS)))

    def _write(self, number: int, seconds: float) -> None:
        chosen = random.Random(number)  # noqa: S311 - the same mix each time
        with self._instance.client() as client:
            writer = _Writer(client, chosen)
            begins = time.monotonic() + self._every_seconds * number / WRITERS
            for turn in range(int(seconds / self._every_seconds)):
                time.sleep(max(0.0, begins + turn * self._every_seconds - time.monotonic()))
                self.done[writer.write(turn)] += 1


class _Writer:
    """Keeps (path, ETag) of what it made."""

    def __init__(self, client: httpx2.Client, chosen: random.Random) -> None:
        self._client = client
        self._chosen = chosen
        self._entities: list[str] = []
        self._things: list[tuple[str, str]] = []

    def write(self, turn: int) -> str:
        """Do one write and say what it was."""
        (what,) = self._chosen.choices(list(SHARES), list(SHARES.values()))
        if len(self._entities) < 10 or what == "create entity":
            body = {"name": f"Somebody {turn}", "type": "person", "attributes": {"turn": turn}}
            self._entities.append(self._post("/api/v1/entities", body))
            return "create entity"
        if what == "create relationship":
            start, end = self._chosen.sample(self._entities, 2)
            kind = self._chosen.choice(TYPES)
            # One that is the same in ends, type and beginning would be a conflict.
            begins = (FIRST_DAY + timedelta(minutes=turn)).isoformat()
            body = {"from_id": start, "to_id": end, "type": kind, "valid_from": begins}
            self._post("/api/v1/relationships", body)
        elif what == "patch":
            place = self._chosen.randrange(len(self._things))
            path, tag = self._things[place]
            answer = self._client.patch(
                path, json={"confidence": self._chosen.random()}, headers={"If-Match": tag}
            )
            if answer.status_code == httpx2.codes.NOT_FOUND:  # it went with one of its ends
                self._things.pop(place)
                return "gone"
            self._things[place] = (path, answer.raise_for_status().headers["ETag"])
        else:
            path, tag = self._things.pop(self._chosen.randrange(len(self._things)))
            self._client.delete(path, headers={"If-Match": tag})
            self._entities = [id_ for id_ in self._entities if not path.endswith(id_)]
        return what

    def _post(self, path: str, body: object) -> str:
        answer = self._client.post(path, json=body).raise_for_status()
        made: str = answer.json()["id"]
        self._things.append((f"{path}/{made}", answer.headers["ETag"]))
        return made
