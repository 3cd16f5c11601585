"""Rules of leases: their duration, the order of jobs, and pauses between attempts."""

from __future__ import annotations

LEASE_SECONDS_MAX = 86_400
LEASES_MAX = 100
"""Jobs that one call may lease."""
LEASED_BYTES_MAX = 4_000_000
"""Bytes of payloads and checkpoints of several jobs in one response; Lambda sends 6 MB at most."""
KINDS_MAX = 20
DEFER_SECONDS_MAX = 48 * 3_600
CHECKPOINT_BYTES_MAX = 65_536
"""The size of a checkpoint as `jsonb::text` writes it; the database has the same rule."""
MESSAGE_MAX = 2_000
WORKER_MAX = 200
MESSAGE_ID_MAX = 100
"""Ids of SQS have 36 characters; the longest owner of a lease is `WORKER_MAX`."""
REFERENCE_MAX = 500

OVERTAKEN_SECONDS = 9 * 5 * 60
"""No job waits while one that was made later by more than this is leased. Priority alone keeps to
it; the turns of parties may not, so the lease statement checks it."""

RETRY_BASE_SECONDS = 5.0
RETRY_MAX_SECONDS = 3_600.0
"""The pause after a failure is a random part (full jitter) of the base, doubled by each attempt."""
SILENT_EXPIRIES_MAX = 3
"""Leases in a row that expire without one status report: the job kills its workers."""

PROGRESS_EVENT_SECONDS = 1
"""A job's listeners get at most one report in this time."""

REPLAYS_PER_SECOND = 10
REPLAYS_MAX = 1_000
"""Jobs that one call replays; a further call replays the next."""

TAKEN_BACK_MAX = 100
"""Expired leases, or pauses that have ended, that one lease call handles."""
