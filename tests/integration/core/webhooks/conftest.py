"""Webhooks from a write to an endpoint: the REST function, the relay's destination, a sender."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from groundwork_core.relay.carry import carry
from groundwork_core.relay.destinations.webhooks import WebhookDestination
from groundwork_core.webhooks import send_due
from groundwork_core.webhooks.send_due import Sender
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.outbox import PostgresBacklogs
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork
from groundwork_data.web.message_poster import MessagePoster

from ....webhook_receiver import Receiver, receiving
from ...functions.rest_api.conftest import Reply, Rest

CONTENT = {"title": "On engines", "body": "Text."}
ALL_SECONDS = 1_000.0


class MovedClock:
    """The machine's time, moved by a test."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def forward(self, **by: float) -> None:
        self.ahead += timedelta(**by)


class Office:
    """An instance with webhooks whose endpoints are those of a receiver."""

    def __init__(self, rest: Rest, receiver: Receiver) -> None:
        self.rest = rest
        self.receiver = receiver
        self.clock = MovedClock()
        self.woken = 0
        self.opened: list[Database] = []
        settings = rest.parts.settings.model_copy(update={"fetch_allow": (receiver.allowed,)})
        rest.parts.settings = settings
        rest("GET", "/api/v1/webhooks")  # callers are known by the real clock
        rest.parts.clock = self.clock
        rest.parts.post_message = self.poster()

    def poster(self, **limits: Any) -> MessagePoster:
        limits = {"total_seconds": 1.0, "response_seconds": 0.3, **limits}
        return MessagePoster(self.rest.parts.allowed, **limits)

    def webhook(self, path: str, *events: str, **fields: object) -> Reply:
        return self.rest.create(
            "webhooks",
            url=f"{self.receiver.url}{path}",
            events=events or ("contents.published",),
            **fields,
        )

    def publish(self, count: int = 1) -> list[str]:
        return [
            str(self.rest.create("contents", **CONTENT, status="published").json["id"])
            for _ in range(count)
        ]

    def relay(self, **more: Any) -> int:
        """Carry what is committed to messages; return how many rows were carried."""
        database = Database(self.rest.url, application_name="relay")
        try:
            destination = WebhookDestination(self.clock, self._wake)
            backlogs, rows = PostgresBacklogs(database), 0
            while True:
                rows += len(carry(destination, PostgresUnitOfWork(database), **more).rows)
                # Transactions of other tests may hold rows back a moment.
                if not backlogs.of(destination.name).waiting:
                    return rows
        finally:
            database.close()

    def _wake(self) -> None:
        self.woken += 1

    def sender(self, **parts: Any) -> Sender:
        """A sender with a connection of its own."""
        made = self.rest.parts.new_sender()
        database = Database(self.rest.url, application_name="sender")
        self.opened.append(database)
        made._parts = replace(
            made._parts, **{"begin_work": lambda: PostgresUnitOfWork(database), **parts}
        )
        return made

    def send(self, **parts: Any) -> None:
        """Run a sender until nothing is due."""
        self.sender(**parts).run(lambda: ALL_SECONDS)

    def go(self) -> None:
        """Carry and send."""
        self.relay()
        self.send()

    def shown(self, webhook: Reply) -> dict[str, Any]:
        found: dict[str, Any] = self.rest("GET", webhook.location).json
        return found

    def state(self, webhook: Reply) -> dict[str, Any]:
        found: dict[str, Any] = self.shown(webhook)["state"]
        return found

    def attempts(self, webhook: Reply) -> list[dict[str, Any]]:
        """Oldest first."""
        found: list[dict[str, Any]] = self.rest("GET", f"{webhook.location}/attempts").json["items"]
        return found[::-1]

    def act(self, webhook: Reply, verb: str, body: object = None) -> Reply:
        return self.rest("POST", f"{webhook.location}/{verb}", body)

    def messages(self, webhook: Reply) -> list[str]:
        """The statuses of a webhook's messages, in their order."""
        rows = self.rest.database.rows(
            "SELECT status FROM webhook_messages WHERE webhook_id = %s ORDER BY place",
            (UUID(webhook.json["id"]),),
        )
        return [row[0] for row in rows]

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return list(self.rest.database.rows(statement, values))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def office(rest: Rest, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    # Runs end as soon as nothing is due, so that tests need not wait for them.
    monkeypatch.setattr(send_due, "PROMISE_SECONDS", 0.0)
    monkeypatch.setattr(send_due, "NEAR_SECONDS", 0.0)
    made = Office(rest, receiver)
    yield made
    for database in made.opened:
        database.close()


@pytest.fixture
def rest(database_url: str) -> Iterator[Rest]:
    made = Rest(database_url)
    yield made
    made.database.close()
