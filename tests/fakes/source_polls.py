"""Polls of sources and what is counted of them, in memory."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from groundwork_core.sources.ingestion import Ingestion, SourceCounts, eta_seconds
from groundwork_core.sources.model import PlannedPoll
from groundwork_core.sources.onward import Onward
from groundwork_core.sources.poll_shown import PollShown
from groundwork_core.sources.rows import Poll

from .source_states import SourceStates


class SourcePolls(SourceStates):
    """The record of each poll."""

    @property
    def _polls(self) -> list[Poll]:
        return list(self._polls_by_place.values())

    def go_onward(
        self, source_id: UUID, ticket: UUID, onward: Onward, host: str, now: datetime
    ) -> None:
        if self.hold(source_id, ticket):
            self._set(source_id, onward=onward, host=host)
            self._free(source_id)
            self.replan(source_id, PlannedPoll(now, "redirected", {"redirected_to": onward.url}))

    def record(self, poll: Poll) -> None:
        if not self.hold(poll.source_id, poll.ticket):
            return
        before = self._states[poll.source_id]
        self._set(
            poll.source_id,
            status=poll.status,
            last_poll_at=poll.at,
            failures=0 if poll.failure is None else before.failures + 1,
            error_class=poll.failure,
            etag=poll.etag,
            last_modified=poll.last_modified,
            feed=poll.feed.as_json() if poll.feed else before.feed,
            over_budget=poll.over_budget,
            host=poll.host or before.host,
            whereabouts=poll.whereabouts,
            onward=None,
        )
        self._free(poll.source_id)
        self._polls_by_place[len(self._polls_by_place)] = poll
        self.replan(poll.source_id, poll.planned)

    def ingestion(self, now: datetime, since: datetime, most: int) -> Ingestion:
        states = list(self._states.items())
        statuses = [state.status for _, state in states]
        due = [one for one, state in states if self._enabled(one) and state.next_poll_at <= now]
        return Ingestion(
            sources=SourceCounts(
                total=len(states),
                enabled=sum(self._enabled(one) for one, _ in states),
                by_status={one: statuses.count(one) for one in set(statuses)},
            ),
            due=len(due),
            oldest_due_seconds=0,
            backlog_eta_seconds=eta_seconds(len(due), sum(1 for p in self._polls if p.at > since)),
            polls_24h=len(self._polls),
            documents_24h=0,
            fresh_share=None,
            freshness=[],
            hosts_open_for_a_day=0,
            silent_hubs=0,
            oldest_unmarked_seconds=0,
            slowest_hosts=[][:most],
        )

    def polls(self, source_id: UUID, limit: int) -> list[PollShown]:
        found = [one for one in self._polls if one.source_id == source_id][::-1]
        return [_poll_shown(one) for one in found[:limit]]

    def keep_polls(self, today: date, days: int) -> int:
        oldest = datetime(today.year, today.month, today.day, tzinfo=UTC) - timedelta(days=days)
        old = [place for place, one in self._polls_by_place.items() if one.at < oldest]
        for place in old:
            del self._polls_by_place[place]
        return len(old)


def _poll_shown(poll: Poll) -> PollShown:
    cost = poll.transfer
    return PollShown(
        at=poll.at,
        status=poll.status,
        http_status=cost.http_status,
        duration_ms=cost.duration_ms,
        bytes=cost.bytes,
        new=poll.new,
        changed=poll.changed,
        error=poll.failure,
        redirects=poll.redirects,
        requests=cost.requests,
    )
