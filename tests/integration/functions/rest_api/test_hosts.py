"""Hosts over REST: what is shown, what may be changed, and what is refused."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.integration.functions.rest_api.conftest import Rest

HOSTS = "/api/v1/hosts"
FRESH = {
    "host": "example.org",
    "min_delay_ms": 1000,
    "max_in_flight": 1,
    "obey_robots": True,
    "in_flight": 0,
    "next_allowed_at": None,
    "delay_ms": 1000,
    "circuit": {"state": "closed", "failures": 0, "until": None},
    "robots": {"status": None, "fetched_at": None, "crawl_delay_seconds": None},
    "waiting": 0,
}


def source(rest: "Rest", url: str) -> None:
    rest.create("sources", name="s", url=url)


def test_a_new_source_creates_its_host(rest: "Rest") -> None:
    source(rest, "https://blog.example.org/feed")
    shown = rest("GET", f"{HOSTS}/example.org")
    assert (shown.status, shown.json) == (200, FRESH)
    state = rest("GET", "/api/v1/sources").json["items"][0]["state"]
    assert (state["host"], state["status"], state["http_status"]) == (
        "example.org",
        "pending",
        None,
    )


def test_sources_that_wait_for_their_host_are_counted(rest: "Rest") -> None:
    for number in range(4):
        source(rest, f"https://busy.test/{number}")
    rest.database.rows("UPDATE source_states SET next_poll_at = now() - interval '1 s' RETURNING 1")
    assert rest("GET", f"{HOSTS}/busy.test").json["waiting"] == 3


def test_hosts_are_listed_in_the_order_of_their_names(rest: "Rest") -> None:
    for name in ("c.test", "a.test", "b.test"):
        source(rest, f"https://{name}/feed")
    first = rest("GET", HOSTS, query={"limit": "2"}).json
    assert [one["host"] for one in first["items"]] == ["a.test", "b.test"]
    rest_of_them = rest("GET", HOSTS, query={"cursor": first["next_cursor"]}).json
    assert [one["host"] for one in rest_of_them["items"]] == ["c.test"]
    assert rest_of_them["next_cursor"] is None


def test_a_patch_of_a_host_changes_only_the_given_settings(rest: "Rest") -> None:
    source(rest, "https://a.test/feed")
    changed = rest("PATCH", f"{HOSTS}/a.test", {"min_delay_ms": 0, "max_in_flight": 4})
    assert (changed.status, changed.json["delay_ms"]) == (200, 0)
    again = rest("PATCH", f"{HOSTS}/a.test", {"max_in_flight": 2}).json
    assert (again["min_delay_ms"], again["max_in_flight"], again["obey_robots"]) == (0, 2, True)


def test_settings_can_be_made_before_the_first_source(rest: "Rest") -> None:
    assert rest("GET", f"{HOSTS}/127.0.0.1").status == 404
    assert rest("PATCH", f"{HOSTS}/127.0.0.1", {"min_delay_ms": 0}).status == 200
    assert rest("GET", f"{HOSTS}/127.0.0.1").json["min_delay_ms"] == 0


def test_a_subdomain_is_404_and_the_detail_names_its_host(rest: "Rest") -> None:
    answer = rest("PATCH", f"{HOSTS}/www.example.co.uk", {"min_delay_ms": 0})
    assert answer.status == 404
    assert "example.co.uk" in answer.json["detail"]


def test_wrong_settings_are_refused_with_pointers(rest: "Rest") -> None:
    answer = rest(
        "PATCH", f"{HOSTS}/a.test", {"min_delay_ms": -1, "max_in_flight": 0, "in_flight": 1}
    )
    assert answer.status == 422
    assert answer.pointers == {"/min_delay_ms", "/max_in_flight", "/in_flight"}
    assert rest("PATCH", f"{HOSTS}/a.test", {"obey_robots": None}).status == 422
    assert rest("GET", HOSTS, query={"cursor": "%"}).status == 422


def test_limits_of_hosts_and_polls_are_parsed_as_those_of_other_lists(rest: "Rest") -> None:
    made = rest.create("sources", name="s", url="https://a.test/feed")
    for path in (HOSTS, f"{made.location}/polls", "/api/v1/entities"):
        for limit in ("0", "201", "1_0", " 5", "+5", "5.0", "", ["5", "6"]):
            refused = rest("GET", path, query={"limit": limit})
            assert (refused.status, refused.pointers) == (422, {"/limit"}), (path, limit)
        assert rest("GET", path, query={"limit": "5"}).status == 200


def test_ignoring_robots_is_written_to_the_audit_log(rest: "Rest") -> None:
    rest("PATCH", f"{HOSTS}/a.test", {"obey_robots": False})
    rest("PATCH", f"{HOSTS}/a.test", {"obey_robots": False})
    rest("PATCH", f"{HOSTS}/a.test", {"obey_robots": True})
    events = rest("GET", "/api/v1/audit-events", query={"subject_type": "hosts"}).json["items"]
    assert sorted((one["action"], one["detail"]) for one in events) == [
        ("hosts.robots_ignored", {"host": "a.test"}),
        ("hosts.robots_obeyed", {"host": "a.test"}),
    ]
    assert {one["actor"].partition(":")[0] for one in events} == {"user"}
