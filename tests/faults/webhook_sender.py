"""A sender of webhooks as a process, to be killed.

    python webhook_sender.py as_it_is|settles_first

Reads its database, keys and targets from the variables of a function.
"""

import os
import sys
from dataclasses import replace
from typing import Any

from groundwork_core.webhooks import send_due
from groundwork_core.webhooks.ports import DueMessage, LeaseAsk, Settled
from groundwork_data.postgres.webhooks import PostgresWebhooks
from groundwork_runtime.settings import Settings
from groundwork_runtime.wiring import Wiring

LEASE_SECONDS = 1
RUN_SECONDS = 60.0


class SettlesFirst(PostgresWebhooks):
    """With the guard disabled: what is leased counts as delivered."""

    def lease(self, ask: LeaseAsk) -> list[DueMessage]:
        leased = super().lease(ask)
        self.settle([Settled(one.id, "delivered", one.attempts + 1, None) for one in leased])
        return leased


def main(mode: str) -> None:
    parts = Wiring(Settings.from_environment(os.environ))
    send_due.LEASE_SECONDS = LEASE_SECONDS
    if mode == "settles_first":
        import groundwork_data.postgres.webhooks as module  # noqa: PLC0415 - what is replaced

        changed: Any = module
        changed.PostgresWebhooks = SettlesFirst
    sender = parts.new_sender()
    sender._parts = replace(sender._parts, wake_another=lambda: None)
    sender.run(lambda: RUN_SECONDS)


if __name__ == "__main__":
    main(sys.argv[1])
