"""The queue of jobs, without their leases over HTTP: in memory and on Postgres."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID, uuid4

import pytest

from groundwork_core.documents.model import Entry
from groundwork_core.jobs.lease_rules import OVERTAKEN_SECONDS, RETRY_BASE_SECONDS
from groundwork_core.jobs.model import FailureClass, JobRow, WorkerJob, extract_job
from groundwork_core.jobs.ports import JobFailure
from groundwork_core.sources.model import DEFAULT_SCHEDULE
from groundwork_core.sources.rows import SourceRow

from .work import Stores, Work, stores

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
UNTIL = NOW + timedelta(minutes=5)
MUCH_LATER = datetime(2999, 1, 1, tzinfo=UTC)
KIND = "tag"


@pytest.fixture(params=["memory", "postgres"])
def both(request: pytest.FixtureRequest) -> Iterator[Stores]:
    yield from stores(request)


@pytest.fixture
def work(both: Stores) -> Work:
    return both.work


MESSAGES = count()


def lease(
    work: Work, owner: str | None = None, now: datetime = NOW, kind: str = KIND
) -> WorkerJob | None:
    """Lease the next job for a new message, or for one that is delivered again."""
    owners = [owner or f"queue:{next(MESSAGES)}"]
    with work:
        found = work.jobs.lease_for_messages({kind}, owners, now, now + (UNTIL - NOW))
    return found[0] if found else None


def lease_all(work: Work) -> list[UUID]:
    found = []
    while job := lease(work):
        found.append(job.id)
    return found


def fail(
    work: Work,
    job_id: UUID,
    failure: FailureClass = FailureClass.RETRYABLE,
    attempt: int | None = None,
    retry_after_seconds: int | None = None,
) -> str | None:
    one = JobFailure(job_id, failure, "why", attempt, retry_after_seconds=retry_after_seconds)
    with work:
        return work.jobs.fail([one], NOW).get(job_id)


def stored(work: Work, job_id: UUID) -> WorkerJob:
    with work:
        found = work.jobs.get(job_id)
    assert found is not None
    return found


def outcomes(work: Work, job_id: UUID) -> list[tuple[str, str | None]]:
    with work:
        return [(one.worker, one.outcome) for one in work.leases.attempts(job_id)]


# Adding


def test_the_same_work_is_queued_once(work: Work) -> None:
    rows = [JobRow(KIND, {"n": n}, None, key) for n, key in enumerate(("a", "b", "a", None, None))]
    with work:
        work.jobs.add(rows)
    with work:
        work.jobs.add(rows[:2])
        found = work.jobs.lock(lease_all(work))
    assert sorted(str(job.payload["n"]) for job in found) == ["0", "1", "3", "4"]


def test_a_new_job_waits_with_all_its_attempts(both: Stores) -> None:
    job = stored(both.work, both.jobs.insert(KIND, payload={"x": 1}, max_attempts=3))
    assert (job.status, job.attempt, job.max_attempts, job.progress) == ("queued", 0, 3, 0)
    assert (job.payload, job.lease_owner, job.lease_token) == ({"x": 1}, None, None)


def test_an_unknown_job_is_none_and_is_not_locked(both: Stores) -> None:
    known = [both.jobs.insert(KIND) for _ in range(2)]
    with both.work as work:
        assert work.jobs.get(uuid4()) is None
        assert [job.id for job in work.jobs.lock([*known[::-1], uuid4()])] == sorted(known, key=str)


# The order


def test_a_priority_is_worth_five_minutes(both: Stores) -> None:
    minute = timedelta(minutes=1)
    low = both.jobs.insert(KIND, party="a", priority=4, created_at=NOW)
    high = both.jobs.insert(KIND, party="b", priority=5, created_at=NOW + 4 * minute)
    late = both.jobs.insert(KIND, party="c", priority=5, created_at=NOW + 6 * minute)
    assert lease_all(both.work) == [high, low, late]


def test_only_the_wanted_kinds_are_leased(both: Stores) -> None:
    both.jobs.insert("other")
    assert lease(both.work) is None


def test_no_job_waits_while_one_made_45_minutes_later_goes_first(both: Stores) -> None:
    limit = timedelta(seconds=OVERTAKEN_SECONDS)
    second = timedelta(seconds=1)
    old = both.jobs.insert(KIND, party="a", priority=0, created_at=NOW)
    just = both.jobs.insert(KIND, party="b", priority=9, created_at=NOW + limit - second)
    beyond = both.jobs.insert(KIND, party="c", priority=9, created_at=NOW + limit + second)
    assert lease_all(both.work) == [just, old, beyond]


def test_a_party_with_many_jobs_does_not_hold_up_another(both: Stores) -> None:
    many = [both.jobs.insert(KIND, party="many", created_at=NOW) for _ in range(10)]
    few = both.jobs.insert(KIND, party="few", created_at=NOW + timedelta(seconds=2.5))
    assert lease_all(both.work) == [*many[:3], few, *many[3:]]


def test_turns_never_put_a_job_back_by_more_than_45_minutes(both: Stores) -> None:
    minute = timedelta(minutes=1)
    first = both.jobs.insert(KIND, party="many", created_at=NOW + 50 * minute)
    old = both.jobs.insert(KIND, party="many", created_at=NOW)
    few = both.jobs.insert(KIND, party="few", created_at=NOW + 46 * minute)
    assert lease_all(both.work) == [old, few, first]


def test_documents_of_one_source_are_one_party(both: Stores) -> None:
    work = both.work
    with work:
        added = work.sources.add(
            [SourceRow(name, f"https://{name}.example/", DEFAULT_SCHEDULE) for name in "ab"]
        )
        many, few = added["https://a.example/"], added["https://b.example/"]
        documents = [work.documents.put(many, [entry(str(n))])[0] for n in range(5)]
        documents += work.documents.put(few, [entry("0")])
        for document in documents:
            work.jobs.add([extract_job(document.id, 1)])
    order = []
    while job := lease(work, kind="extract"):
        order.append(job.document_id)
    assert order.index(documents[-1].id) < 3


def entry(name: str) -> Entry:
    return Entry(name, None, name, None, "", "", None, None)


# Leases for messages


def test_each_message_gets_a_job_while_there_are_some(both: Stores) -> None:
    jobs = [both.jobs.insert(KIND, party=name, created_at=NOW) for name in "ab"]
    with both.work as work:
        found = work.jobs.lease_for_messages({KIND}, ["queue:1", "queue:2", "queue:3"], NOW, UNTIL)
        assert {job.id for job in found} == set(jobs)
    assert [(job.status, job.attempt, job.leased_until) for job in found] == [
        ("leased", 1, UNTIL)
    ] * 2
    assert [job.lease_owner for job in found] == ["queue:1", "queue:2"]
    assert len({job.lease_token for job in found} - {None}) == 2


def test_a_message_that_comes_again_gets_its_own_job_with_a_new_token(both: Stores) -> None:
    both.jobs.insert(KIND, party="a")
    first = lease(both.work, "queue:1")
    both.jobs.insert(KIND, party="b", priority=9)
    again = lease(both.work, "queue:1")
    assert first is not None
    assert again is not None
    assert (again.id, again.attempt) == (first.id, 2)
    assert again.lease_token != first.lease_token
    assert outcomes(both.work, first.id) == [("queue:1", "expired"), ("queue:1", None)]


def test_a_message_that_comes_again_too_often_gets_another_job(both: Stores) -> None:
    silent, next_one = both.jobs.insert(KIND, party="a"), both.jobs.insert(KIND, party="b")
    first = [lease(both.work, "queue:1") for _ in range(3)]
    assert {job.id for job in first if job is not None} == {silent}
    fourth = lease(both.work, "queue:1")
    assert fourth is not None
    assert fourth.id == next_one


# Ends


def test_a_job_that_succeeds_keeps_its_result_and_nobody_holds_it(both: Stores) -> None:
    job_id = both.jobs.insert(KIND)
    lease(both.work, "queue:1")
    with both.work as work:
        work.jobs.succeed([(job_id, {"entities": 1}), (uuid4(), {})])
    with both.work as work:
        work.jobs.succeed([(job_id, {"entities": 2})])
    job = stored(both.work, job_id)
    assert (job.status, job.progress, job.lease_owner) == ("succeeded", 1, None)
    assert outcomes(both.work, job_id) == [("queue:1", "succeeded")]
    assert fail(both.work, job_id) is None


@pytest.mark.parametrize("failure", [FailureClass.BAD_INPUT, FailureClass.BAD_RESULT])
def test_a_failure_that_no_attempt_can_mend_is_final(both: Stores, failure: FailureClass) -> None:
    job_id = both.jobs.insert(KIND)
    lease(both.work, "queue:1")
    assert fail(both.work, job_id, failure) == "failed"
    assert outcomes(both.work, job_id) == [("queue:1", "failed")]


def test_another_failure_is_tried_again_until_the_last_attempt(both: Stores) -> None:
    job_id = both.jobs.insert(KIND, max_attempts=2)
    ends = []
    for _ in range(2):
        lease(both.work)
        ends.append(fail(both.work, job_id))
    assert ends == ["queued", "quarantined"]


def test_a_failure_of_another_attempt_changes_nothing(both: Stores) -> None:
    job_id = both.jobs.insert(KIND)
    for _ in range(2):
        lease(both.work, "queue:1")
    assert fail(both.work, job_id, attempt=1) is None
    assert stored(both.work, job_id).status == "leased"
    assert fail(both.work, job_id, attempt=2) == "queued"


@pytest.mark.parametrize(("asked", "seconds"), [(7, 7), (None, RETRY_BASE_SECONDS / 2)])
def test_a_job_pauses_after_a_failure(both: Stores, asked: int | None, seconds: float) -> None:
    job_id = both.jobs.insert(KIND)
    lease(both.work)
    failure = JobFailure(job_id, FailureClass.RETRYABLE, "why", None, 0.5, asked)
    with both.work as work:
        assert work.jobs.fail([failure], NOW) == {job_id: "queued"}
    assert lease(both.work) is None
    with both.work as work:
        early = NOW + timedelta(seconds=seconds - 0.1)
        assert work.jobs.end_pauses(early, 10) == 0
        assert work.jobs.end_pauses(NOW + timedelta(seconds=seconds), 10) == 1
    assert lease(both.work) is not None


def test_only_a_job_that_ended_badly_is_queued_again(both: Stores) -> None:
    job_id = both.jobs.insert(KIND)
    lease(both.work)
    with both.work as work:
        assert work.jobs.requeue(job_id, NOW) is None
        assert work.jobs.requeue(uuid4(), NOW) is None
    fail(both.work, job_id, FailureClass.BAD_INPUT)
    with both.work as work:
        again = work.jobs.requeue(job_id, NOW)
    assert again is not None
    assert (again.status, again.attempt, again.progress) == ("queued", 0, 0)


# Leases and pauses that end


def test_an_expired_lease_queues_its_job_again(both: Stores) -> None:
    job_id = both.jobs.insert(KIND)
    lease(both.work, "queue:1")
    with both.work as work:
        assert work.jobs.expire_leases(UNTIL - timedelta(seconds=1), 10) == 0
        assert work.jobs.expire_leases(UNTIL, 10) == 1
    assert stored(both.work, job_id).status == "queued"
    assert outcomes(both.work, job_id) == [("queue:1", "expired")]


def test_the_last_attempt_that_expires_quarantines_its_job(both: Stores) -> None:
    job_id = both.jobs.insert(KIND, max_attempts=1)
    lease(both.work)
    with both.work as work:
        work.jobs.expire_leases(UNTIL, 10)
    assert stored(both.work, job_id).status == "quarantined"


def test_three_silent_expiries_in_a_row_quarantine_a_job(both: Stores) -> None:
    job_id = both.jobs.insert(KIND, max_attempts=100)
    states = []
    for _ in range(3):
        lease(both.work)
        with both.work as work:
            work.jobs.expire_leases(UNTIL, 10)
        states.append(stored(both.work, job_id).status)
    assert states == ["queued", "queued", "quarantined"]
    with both.work as work:
        (found,) = {one.error["class"] for one in work.leases.attempts(job_id)[2:] if one.error}
    assert found == "crashed"


def test_one_call_ends_at_most_so_many_leases(both: Stores) -> None:
    for _ in range(3):
        both.jobs.insert(KIND)
        lease(both.work)
    with both.work as work:
        assert [work.jobs.expire_leases(UNTIL, 2) for _ in range(3)] == [2, 1, 0]


def test_a_job_that_waits_too_long_is_announced_again(both: Stores) -> None:
    both.jobs.insert(KIND, queued_at=NOW)
    with both.work as work:
        assert work.jobs.reannounce(NOW - timedelta(seconds=1), UNTIL, 10) == 0
        assert work.jobs.reannounce(NOW, UNTIL, 10) == 1
        assert work.jobs.reannounce(NOW, UNTIL, 10) == 0
    assert both.work.position is not None


def test_only_long_leases_and_pauses_are_late_ends(both: Stores) -> None:
    for _ in range(2):
        both.jobs.insert(KIND)
    lease(both.work)
    job = lease(both.work)
    assert job is not None
    fail(both.work, job.id, retry_after_seconds=301)
    with both.work as work:
        long = work.jobs.late_ends(NOW, MUCH_LATER, 300)
        short = work.jobs.late_ends(NOW, MUCH_LATER, 302)
    assert sorted(long) == [UNTIL, UNTIL + timedelta(seconds=3)]
    assert short == []
