"""Results that are handed in under a lease."""

from .conftest import Office
from .results import ENTITY, entities, result_of


def test_a_result_is_applied_once_however_often_it_is_handed_in(office: Office) -> None:
    key = f"once {office.kind}"
    made = office.add()
    job = office.leased()
    first = office.act(job, "results", result=result_of(key))
    assert (first.status, first.json["status"]) == (200, "succeeded")
    assert first.json["result"]["entities"] == 1
    assert first.headers["X-Groundwork-Position"]
    again = office.act(job, "results", result=result_of(f"other {key}"))
    assert (again.status, again.json) == (200, first.json)
    assert (entities(office, key), entities(office, f"other {key}")) == (1, 0)
    assert office.outcomes(made) == ["succeeded"]
    assert office.act(job, "status", progress=1).json["type"].endswith("/lease-lost")


def test_a_result_that_breaks_the_contract_is_422_and_the_lease_continues(
    office: Office,
) -> None:
    office.add()
    job = office.leased()
    bad = office.act(job, "results", result={"entities": [{**ENTITY, "key": 1}]})
    assert (bad.status, bad.pointers) == (422, {"/result/entities/0/key"})
    assert office.act(job, "results", result={"entities": [], "attempt": 2}).status == 422
    assert office.shown(job)["status"] == "leased"
    assert office.act(job, "results", result={"entities": []}).status == 200


def test_jobs_of_kinds_without_a_contract_may_have_any_result(office: Office) -> None:
    office.add()
    reply = office.act(office.leased(), "results", result={"answer": 42})
    assert reply.json["result"] == {"answer": 42}


def test_a_result_of_five_megabytes_is_accepted(office: Office) -> None:
    office.add()
    topics = [
        {"ref": f"t{n}", "type": "topic", "key": f"{n} {office.kind}", "name": "n" * 1000}
        for n in range(2000)
    ]
    mentions = [{"ref": f"t{n % 2000}", "evidence": "e" * 600} for n in range(5000)]
    reply = office.act(
        office.leased(), "results", result={"entities": topics, "mentions": mentions}
    )
    assert reply.status == 200, reply.text
    assert reply.json["result"]["mentions"] == 5000
