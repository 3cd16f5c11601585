"""The order in which jobs are leased."""

from datetime import timedelta

from groundwork_core.documents.model import Entry
from groundwork_core.jobs.lease_rules import OVERTAKEN_SECONDS
from groundwork_core.jobs.model import extract_job
from groundwork_core.sources.model import DEFAULT_SCHEDULE
from groundwork_core.sources.rows import SourceRow

from ..work import Stores
from .queue import KIND, NOW, lease, lease_all


def test_one_level_of_priority_is_worth_five_minutes(both: Stores) -> None:
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


def test_jobs_of_documents_of_one_source_belong_to_one_party(both: Stores) -> None:
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
