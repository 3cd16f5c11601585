"""The names of the relay's destinations, which are also the names of their cursors."""

from __future__ import annotations

GRAPH = "graph"
QUEUES = "queues"
LIVE = "live"
WEBHOOKS = "webhooks"
DESTINATIONS = (GRAPH, QUEUES, LIVE, WEBHOOKS)
