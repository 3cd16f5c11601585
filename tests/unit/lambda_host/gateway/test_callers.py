"""Which caller's line a request waits in."""

import pytest

from groundwork_lambda_host.environments.invocation import ResponseHead
from groundwork_lambda_host.gateway import callers
from groundwork_lambda_host.gateway.callers import Callers
from groundwork_lambda_host.gateway.events import Request
from groundwork_lambda_host.places import CALLER_HEADER, address_line

ADA = ResponseHead(200, {}, {CALLER_HEADER: ["ada"]})
REFUSED = ResponseHead(401, {}, {})


def request(
    *headers: tuple[bytes, bytes], address: str = "192.0.2.1", path: str = "/api/v1/me"
) -> Request:
    return Request("GET", path, b"", headers, b"", address, "1.1")


def bearing(token: bytes, **more: str) -> Request:
    return request((b"authorization", b"Bearer " + token), **more)


def test_an_anonymous_request_waits_in_the_line_of_its_address() -> None:
    known = Callers({})
    assert known.place(request()).line == "address:192.0.2.1"
    assert known.place(request(address="192.0.2.2")).line == "address:192.0.2.2"


def test_made_up_tokens_are_parts_of_the_line_of_their_address() -> None:
    known = Callers({})
    places = [known.place(bearing(b"%d" % number)) for number in range(50)]
    assert {place.line for place in places} == {"address:192.0.2.1"}
    assert len({place.part for place in places}) == 50


def test_requests_with_a_known_token_wait_in_their_users_line_from_any_address() -> None:
    known = Callers({})
    known.learn(known.place(bearing(b"t")), ADA)
    assert known.place(bearing(b"t")).line == "user:ada"
    assert known.place(bearing(b"t", address="198.51.100.7")).line == "user:ada"
    assert known.place(bearing(b"u")).line == "address:192.0.2.1"


def test_all_tokens_and_keys_of_a_user_share_a_line() -> None:
    known = Callers({})
    key = request((b"x-api-key", b"gw_live_1"))
    for one in (bearing(b"t"), bearing(b"u"), key):
        known.learn(known.place(one), ADA)
        assert known.place(one).line == "user:ada"


def test_a_response_that_names_no_caller_is_not_remembered() -> None:
    known = Callers({})
    for answer in (
        ResponseHead(200, {}, {}),
        REFUSED,
        ResponseHead(200, {}, {CALLER_HEADER: "ada"}),
        ResponseHead(200, {}, {CALLER_HEADER: []}),
        ResponseHead(200, {}, {CALLER_HEADER: [1]}),
    ):
        known.learn(known.place(bearing(b"t")), answer)
        assert known.place(bearing(b"t")).line == "address:192.0.2.1"


def test_a_request_without_credentials_waits_in_the_line_of_its_address() -> None:
    known = Callers({})
    known.learn(known.place(request()), ADA)
    assert known.place(request()).line == "address:192.0.2.1"


def test_an_expired_token_is_forgotten() -> None:
    """So that a stolen, ended token cannot fill its owner's line."""
    known = Callers({})
    known.learn(known.place(bearing(b"t")), ADA)
    known.learn(known.place(bearing(b"t")), REFUSED)
    assert known.place(bearing(b"t")).line == "address:192.0.2.1"


def test_credentials_are_not_kept() -> None:
    known = Callers({})
    known.learn(known.place(bearing(b"secret-token")), ADA)
    assert "secret-token" not in repr(vars(known))
    assert Callers({}).place(bearing(b"t")).part != known.place(bearing(b"t")).part


def test_a_limited_number_of_credentials_is_remembered_the_latest_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(callers, "REMEMBERED_MAX", 2)
    known = Callers({})
    for token in (b"1", b"2"):
        known.learn(known.place(bearing(token)), ADA)
    known.place(bearing(b"1"))
    known.learn(known.place(bearing(b"3")), ADA)
    lines = [known.place(bearing(token)).line for token in (b"1", b"2", b"3")]
    assert lines == ["user:ada", "address:192.0.2.1", "user:ada"]


@pytest.mark.parametrize("path", ["/api/v1/auth/login", "/api/v1/auth/login/"])
def test_paths_with_a_lane_wait_there(path: str) -> None:
    known = Callers({"/api/v1/auth/login": "passwords"})
    assert known.place(request(path=path)).lane == "passwords"
    assert known.place(request()).lane == ""


def test_devices_that_log_in_are_parts_of_the_line_of_their_address() -> None:
    known = Callers({})
    places = [known.place(request((b"cookie", cookie))) for cookie in (b"a", b"b")]
    assert places[0].line == places[1].line
    assert places[0].part != places[1].part


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("192.0.2.1", "address:192.0.2.1"),
        ("::ffff:192.0.2.1", "address:192.0.2.1"),
        ("2001:db8:0:1:2:3:4:5", "address:2001:db8:0:1::/64"),
        ("2001:db8:0:1:ffff::1", "address:2001:db8:0:1::/64"),
        ("2001:db8:0:2::1", "address:2001:db8:0:2::/64"),
        ("", "address:"),
        ("unix", "address:unix"),
    ],
)
def test_an_address_s_line_is_that_of_its_network(address: str, line: str) -> None:
    assert address_line(address) == line
