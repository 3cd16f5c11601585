"""Security headers, the request id and CORS: the same on whatever kind of answer."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from tests.fakes.callers import FakeCallers, FakeClock

from groundwork_core import errors
from groundwork_lambda_host.gateway import cors, problems
from groundwork_runtime.http.application import SECURITY_HEADERS, Application
from groundwork_runtime.http.authentication import Authenticator
from groundwork_runtime.http.cors import EXPOSED_HEADERS
from groundwork_runtime.http.response import HttpResponse
from groundwork_runtime.http.router import SIGNED_IN, Router
from groundwork_runtime.settings import BadSettings, Settings
from groundwork_runtime.wiring import Wiring

ORIGIN = "https://app.example.org"
FOREIGN = (
    "https://evil.example.org",
    f"{ORIGIN}.evil.example",
    f"{ORIGIN}:8443",
    f"{ORIGIN}/",
    "http://app.example.org",
    "https://APP.example.org",
    "https://xapp.example.org",
    f"{ORIGIN}, https://evil.example.org",
    "null",
    "*",
    "",
)
FAULTS: dict[int, Exception] = {
    403: errors.Forbidden("no"),
    404: errors.NotFound("none"),
    409: errors.Conflict("taken"),
    412: errors.VersionMismatch("stale"),
    422: errors.Invalid("faults", ()),
    429: errors.Throttled("slowly", retry_after_seconds=3),
    500: ZeroDivisionError("a secret"),
    503: errors.Unavailable("away"),
}
router = Router()


@router.get("/<status>", open="a test")
def answer(status: int) -> HttpResponse:
    """Respond as asked."""
    if status in FAULTS:
        raise FAULTS[status]
    return HttpResponse(status, None if status in (204, 304) else "{}")


@router.post("/kept", needs=SIGNED_IN)
def kept() -> None:
    """For those who are known."""


ASKED = [
    *(("GET", f"/{status}", status) for status in (200, 204, 304, *FAULTS)),
    ("POST", "/kept", 401),
    ("DELETE", "/kept", 405),
    ("GET", "/no/such", 404),
]


def ask(method: str, path: str, origins: str, **headers: str) -> tuple[int, dict[str, Any]]:
    parts = Wiring(Settings.from_environment({"GROUNDWORK_CORS_ORIGINS": origins}))
    parts.authenticator = Authenticator(
        FakeCallers(), issuer="groundwork", clock=FakeClock(datetime.now(UTC))
    )
    event = {
        "httpMethod": method,
        "path": path,
        "headers": {name.replace("_", "-"): value for name, value in headers.items()},
        "requestContext": {"requestId": "request-1"},
    }
    answer = Application(router, lambda: parts)(event, SimpleNamespace(aws_request_id="c"))
    return answer["statusCode"], answer["multiValueHeaders"]


@pytest.mark.parametrize(("method", "path", "status"), ASKED)
def test_every_kind_of_response_has_security_headers_and_a_request_id(
    method: str, path: str, status: int
) -> None:
    found, headers = ask(method, path, ORIGIN, Origin=ORIGIN)
    assert found == status
    assert headers.items() >= SECURITY_HEADERS.items()
    assert headers["X-Request-Id"] == ["request-1"]
    assert headers["Access-Control-Allow-Origin"] == [ORIGIN]
    assert "X-Request-Id" in headers["Access-Control-Expose-Headers"][0]
    assert headers["Vary"] == ["Origin"]
    assert "Access-Control-Allow-Credentials" not in headers


@pytest.mark.parametrize(("method", "path", "status"), ASKED)
def test_a_foreign_origin_gets_nothing_of_cors(method: str, path: str, status: int) -> None:
    for foreign in FOREIGN:
        found, headers = ask(method, path, ORIGIN, Origin=foreign)
        assert found == status
        assert not [name for name in headers if name.startswith("Access-Control")], foreign
        assert headers["Vary"] == ["Origin"]


def test_a_foreign_preflight_gets_nothing_of_cors() -> None:
    for foreign in FOREIGN:
        asked = {"Origin": foreign, "Access_Control_Request_Method": "POST"}
        _, headers = ask("OPTIONS", "/kept", ORIGIN, **asked)
        assert not [name for name in headers if name.startswith("Access-Control")], foreign


@pytest.mark.parametrize("origins", ["*", f"*,{ORIGIN}", f"{ORIGIN}, *"])
def test_an_asterisk_is_not_an_origin(origins: str) -> None:
    with pytest.raises(BadSettings, match="exact origins"):
        ask("GET", "/200", origins)


def test_a_pattern_matches_nothing_but_itself() -> None:
    _, headers = ask("GET", "/200", "https://*.example.org", Origin=ORIGIN)
    assert not [name for name in headers if name.startswith("Access-Control")]


def test_the_hosts_own_responses_have_the_security_headers_of_a_function(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [one for one in vars(problems).values() if isinstance(one, problems.Problem)]
    assert {one.status for one in found} >= {404, 413, 429, 502, 504}
    found.append(problems.not_allowed("GET"))
    assert [one.status for one in found if not _guarded(one)] == []
    # With the guard disabled.
    monkeypatch.setattr(problems, "SECURITY_HEADERS", ())
    assert [one.status for one in found if _guarded(one)] == []


def _guarded(one: problems.Problem) -> bool:
    wanted = {name.lower(): value for name, (value,) in SECURITY_HEADERS.items()}
    made = one.response("request-1", "/x")
    assert json.loads(made.body)["request_id"] == "request-1"
    headers = {name.decode(): value.decode() for name, value in made.headers}
    return headers.items() >= {**wanted, "x-request-id": "request-1"}.items()


def test_the_hosts_own_responses_have_the_cors_headers_of_a_function() -> None:
    _, headers = ask("GET", "/404", ORIGIN, Origin=ORIGIN)
    wanted = {name: value for name, (value,) in headers.items() if name[:6] in ("Access", "Vary")}
    own = cors.Cors((ORIGIN,)).of([(b"origin", ORIGIN.encode())])
    assert {name.decode(): value.decode() for name, value in own} == {
        name.lower(): value for name, value in wanted.items()
    }
    assert cors.EXPOSED == EXPOSED_HEADERS
    for foreign in FOREIGN:
        assert cors.Cors((ORIGIN,)).of([(b"origin", foreign.encode())]) == (cors.VARIES,)
