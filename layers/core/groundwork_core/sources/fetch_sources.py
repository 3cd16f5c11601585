"""Fetch due sources, read the responses, and store the documents."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from groundwork_core.clock import Clock
from groundwork_core.documents.ingest import Ingested, ingest
from groundwork_core.errors import GroundworkError
from groundwork_core.hosts.ports import HostOf
from groundwork_core.sources.becoming import is_moved, status_after
from groundwork_core.sources.fetch_outcome import (
    Download,
    Failed,
    Failure,
    Fetched,
    LeftHost,
    Unchanged,
)
from groundwork_core.sources.fetch_plans import MakePlans
from groundwork_core.sources.leave_host import go_onward, leave_host, with_robots
from groundwork_core.sources.model import FetchDue, PlannedPoll, WatchedSource
from groundwork_core.sources.moving import after_poll
from groundwork_core.sources.ports import (
    FeedReader,
    Fetcher,
    FetchWork,
    NextCron,
    ParsedFeed,
    Random,
)
from groundwork_core.sources.reading_budget import (
    FIRST_SECONDS,
    ReadingBudget,
    cpu_seconds,
    divide,
    ripe_and_early,
)
from groundwork_core.sources.rows import Poll
from groundwork_core.sources.schedule import PollHistory, next_poll, place_of
from groundwork_core.sources.start_watching import CLAIM_SECONDS

log = logging.getLogger(__name__)

FETCHING_SECONDS = 60
"""Time limit of a worker for a fetch, as its function's; then it may be fetched again."""

Outcome = ParsedFeed | Unchanged | Failed


class FetchSources:
    """Fetches a batch: concurrent downloads, then reading and storing one by one."""

    def __init__(  # noqa: PLR0913 - its ports
        self,
        *,
        fetch: Fetcher,
        read: FeedReader,
        work: Callable[[], FetchWork],
        clock: Clock,
        random: Random,
        next_cron: NextCron,
        plans: MakePlans,
        host_of: HostOf,
        changed: Callable[[str], None] = lambda _status: None,
        lagged: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        """`fetch` downloads, `read` parses feeds, `plans` makes requests and finds readers.

        For metrics, `changed` gets each new status of a source, and `lagged` the seconds between
        the due time of a poll and its end.
        """
        self._changed = changed
        self._lagged = lagged
        self._plans = plans
        self._host_of = host_of
        self._fetch = fetch
        self._read = read
        self._work = work
        self._clock = clock
        self._random = random
        self._next_cron = next_cron

    def __call__(
        self, due: Sequence[FetchDue], again: Set[UUID] = frozenset()
    ) -> Iterator[tuple[FetchDue, GroundworkError | None]]:
        """Yield each message with None, or with the error that prevented recording its poll.

        Failures of a source are not errors here; they are recorded in its state. A message whose
        ticket has expired (its poll was recorded, or a newer ticket exists) is settled without a
        fetch, so messages may be repeated. Sources for which the batch has no time are queued again
        (reading_budget.py), and their messages are settled. `again` has the tickets of redelivered
        messages: the worker that had them has crashed, so their sources are fetched at once.
        """
        with self._work() as work:
            pairs = [(message.source_id, message.ticket) for message in due]
            now = self._clock.now()
            until = now + timedelta(seconds=FETCHING_SECONDS)
            taken = work.sources.to_fetch(pairs, now, until, again)
            taken = with_robots(taken, hosts=work.hosts, now=now)
            watched = {one.ticket: one for one in taken}
            details = work.credentials.details([one.source_id for one in watched.values()])
        open_messages: dict[UUID, FetchDue] = {}
        for message in due:
            if message.ticket in watched and message.ticket not in open_messages:
                open_messages[message.ticket] = message
            else:
                yield message, None
        budget = ReadingBudget(self._clock)
        ripe, early = ripe_and_early(watched.values(), now)
        asked, left = divide(ripe)
        left += early
        heavy: set[UUID] = set()
        plans = self._plans(details)
        for place, download in plans.fetch(self._fetch, asked, now):
            source = asked[place]
            if isinstance(download, Fetched) and budget.over:
                left.append(source)
                continue
            error: GroundworkError | None = None
            try:
                with budget:
                    done = self._record(source, download, plans.reader(source) or self._read)
            except GroundworkError as fault:
                done, error = True, fault
            if done:
                yield open_messages.pop(source.ticket), error
            else:
                left.append(source)
                heavy.add(source.source_id)
        if left:
            self._give_back(left, heavy)
        for message in open_messages.values():
            yield message, None

    def _give_back(self, left: Sequence[WatchedSource], heavy: Set[UUID]) -> None:
        """Queue sources again that this batch has no time for; no attempt is counted."""
        now = self._clock.now()
        until = now + timedelta(seconds=CLAIM_SECONDS)
        with self._work() as work:
            commands = work.sources.give_back(left, heavy, now, until)
            if commands:
                work.publish(*commands)
        log.info("queued again", extra={"sources": len(commands), "heavy": len(heavy)})

    def _record(self, source: WatchedSource, download: Download, read: FeedReader) -> bool:
        """Read and store a response; return False if reading needs more than `FIRST_SECONDS`."""
        if isinstance(download, LeftHost):
            return self._go_onward(source, download)
        began = self._clock.now()
        outcome = self._outcome(source, download, read)
        if isinstance(outcome, Failed) and outcome.failure is Failure.TOO_COMPLEX:
            if not source.over_budget:
                return False
        elif isinstance(outcome, ParsedFeed):
            took = (self._clock.now() - began).total_seconds()
            source = replace(source, over_budget=source.over_budget and took > FIRST_SECONDS)
        with self._work() as work:
            if not work.sources.hold(source.source_id, source.ticket):
                return True
            stored = Ingested()
            if isinstance(outcome, ParsedFeed):
                stored = ingest(
                    source.source_id,
                    outcome.entries,
                    documents=work.documents,
                    jobs=work.jobs,
                    identity=source.identity,
                )
            poll = self._poll(source, download, outcome, stored)
            work.sources.record(poll)
            if poll.status == "gone":
                work.sources.disable(source.source_id)
            if isinstance(outcome, ParsedFeed):
                work.push.notice(source.source_id, outcome.facts.hub, outcome.facts.topic)
            if not isinstance(outcome, Failed):
                work.push.after_poll(source.source_id, stored.new + stored.changed, poll.at)
            leave_host(source, outcome, download.transfer, work=work, now=poll.at)
        if poll.status != source.status:
            self._changed(poll.status)
        if source.due_at is not None:
            self._lagged(max(0.0, (poll.at - source.due_at).total_seconds()))
        log.info(
            "polled",
            extra={
                "source_id": str(source.source_id),
                "outcome": poll.failure or poll.status,
                "status_before": source.status,
                "new": stored.new,
                "changed": stored.changed,
                "left_out": _left_out(outcome, stored),
            },
        )
        return True

    def _go_onward(self, source: WatchedSource, left: LeftHost) -> bool:
        """Queue the rest of a poll for the host that a redirect leads to."""
        with self._work() as work:
            if work.sources.hold(source.source_id, source.ticket):
                host = self._host_of(left.onward.url) or source.host
                go_onward(source, left, host, work=work, now=self._clock.now())
        return True

    def _outcome(
        self, source: WatchedSource, download: Fetched | Unchanged | Failed, read: FeedReader
    ) -> Outcome:
        if not isinstance(download, Fetched):
            return download
        now = self._clock.now()  # an unreachable database is not an error of the reader
        try:
            return read(download, now, cpu_seconds(source))
        except Exception:  # a bug of the reader must not stop other sources
            log.exception("reading a feed failed", extra={"source_id": str(source.source_id)})
            return Failed(
                Failure.INTERNAL, "Reading the response failed because of an internal error."
            )

    def _poll(
        self,
        source: WatchedSource,
        download: Fetched | Unchanged | Failed,
        outcome: Outcome,
        stored: Ingested,
    ) -> Poll:
        now = self._clock.now()
        failed = outcome if isinstance(outcome, Failed) else None
        facts = outcome.facts if isinstance(outcome, ParsedFeed) else None
        history = PollHistory(
            failures=source.failures + 1 if failed else 0,
            failure=failed.failure if failed else None,
            retry_after_seconds=failed.retry_after_seconds if failed else None,
            median_gap_seconds=facts.median_gap_seconds if facts else source.median_gap_seconds,
            newest_at=facts.newest_at if facts else source.newest_at,
            rhythm=facts.rhythm if facts else source.rhythm,
            wishes=facts.wishes if facts else source.wishes,
            fresh_seconds=download.transfer.fresh_seconds,
        )
        planned = next_poll(
            source.schedule,
            history,
            now,
            random=self._random,
            next_cron=self._next_cron,
            place=place_of(source.source_id),
        )
        left_out = _left_out(outcome, stored)
        if facts:
            facts = replace(facts, identity=stored.identity, left_out=left_out)
        whole = isinstance(outcome, ParsedFeed) and not (outcome.ends_early or stored.waiting)
        fetched = download if isinstance(download, Fetched) and whole else None
        transfer = download.transfer
        whereabouts = after_poll(
            source.whereabouts,
            url=source.url,
            target=transfer.moved_to,
            http_status=transfer.http_status,
            failures=history.failures,
            now=now,
        )
        moved = is_moved(source.whereabouts, whereabouts)
        if whereabouts.moved_to != source.whereabouts.moved_to:
            planned = PlannedPoll(
                now, "moved", {**planned.inputs, "moved_to": whereabouts.moved_to}
            )
        return Poll(
            source_id=source.source_id,
            ticket=source.ticket,
            at=now,
            status=status_after(outcome, transfer.http_status, moved=moved),
            planned=planned,
            failure=failed.failure if failed else None,
            message=failed.message if failed else None,
            redirects=download.redirects,
            host=self._host_of(whereabouts.moved_to or source.own_url or source.url),
            transfer=transfer,
            whereabouts=whereabouts,
            # A body that could not be read must be sent again, not as 304.
            etag=fetched.etag if fetched else source.etag,
            last_modified=fetched.last_modified if fetched else source.last_modified,
            feed=facts,
            new=stored.new,
            changed=stored.changed,
            left_out=left_out,
            over_budget=source.over_budget,
        )


def _left_out(outcome: Outcome, stored: Ingested) -> int:
    return (
        outcome.left_out + stored.repeated + stored.waiting
        if isinstance(outcome, ParsedFeed)
        else 0
    )
