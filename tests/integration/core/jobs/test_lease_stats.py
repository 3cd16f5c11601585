"""Statistics of leases: counts by kind, and expired ones."""

from ...functions.rest_api.conftest import Rest
from .conftest import Office


def test_stats_count_by_kind(office: Office) -> None:
    office.add_rows(2)
    office.add()
    office.act(office.leased(), "results", result={})
    office.act(office.leased(), "failure", **{"class": "bad_input", "message": "no"})
    office.leased()
    found = office.rest("GET", "/api/v1/jobs/stats").json[office.kind]
    assert (found["queued"], found["leased"], found["deferred"], found["quarantined"]) == (
        0, 1, 0, 0,
    )  # fmt: skip
    assert found["failures"] == {"bad_input": 1}
    assert found["done_per_minute"] == 0.2


def test_reading_shows_an_expired_lease_as_expired(office: Office, shared_rest: Rest) -> None:
    made = office.add()
    office.leased(seconds=5)
    office.clock.forward(seconds=4)
    assert office.shown(made)["status"] == "leased"
    office.clock.forward(seconds=1)
    listed = shared_rest("GET", "/api/v1/jobs", query={"kind": office.kind}).json["items"]
    assert [(one["status"], one["error"]["class"]) for one in listed] == [
        ("queued", "lease_expired")
    ]
    assert office.outcomes(made) == ["expired"]
