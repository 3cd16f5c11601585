"""The application around handlers, with handlers of this test."""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict
from tests.fakes.callers import FakeCallers, FakeClock, Mint

from groundwork_core.caller import Caller
from groundwork_runtime import logs
from groundwork_runtime.http import application
from groundwork_runtime.http.application import Application
from groundwork_runtime.http.authentication import Authenticator
from groundwork_runtime.http.request import Request
from groundwork_runtime.http.response import HttpResponse
from groundwork_runtime.http.router import SIGNED_IN, Router
from groundwork_runtime.settings import Settings
from groundwork_runtime.wiring import Wiring

MINT = Mint()
ORIGIN = "https://app.example.org"
CONTEXT = SimpleNamespace(aws_request_id="from-the-context")


class Note(BaseModel):
    """A body."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: str
    count: int = 1


router = Router()
log = logging.getLogger("test")


@router.get("/notes/<note_id>", needs="entities:read")
def read(note_id: UUID, caller: Caller, width: int = 3) -> Note:
    """Read a note."""
    return Note(text=f"{note_id} for {caller.principal}", count=width)


@router.post("/notes", needs="entities:write", status=201)
def write(body: Note) -> Note:
    """Write a note."""
    return body


@router.post("/notes/search", needs="entities:read")
def search(body: Note) -> Note:
    """Stand where an id might."""
    return body


@router.post("/wipe", needs=SIGNED_IN, status=204)
def wipe() -> None:
    """Wipe; takes no body."""


@router.get("/broken", open="a test")
def broken() -> HttpResponse:
    """Fail in a way that nobody foresaw."""
    log.warning("about to break")
    raise ZeroDivisionError("a secret")


@router.get("/exhausting", open="a test")
def exhausting() -> HttpResponse:
    """Allocate more memory than there is."""
    raise MemoryError


@router.get("/open", open="a test")
def seen(request: Request) -> HttpResponse:
    """Say what came."""
    return HttpResponse(200, json.dumps({"from": request.address}))


class Served:
    """The application and its users."""

    def __init__(self, **environment: str) -> None:
        self.store = FakeCallers()
        self.store.public[MINT.kid] = MINT.public
        parts = Wiring(Settings.from_environment(environment))
        clock = FakeClock(datetime.now(UTC))
        parts.authenticator = Authenticator(self.store, issuer="groundwork", clock=clock)
        self._handler = Application(router, lambda: parts)

    def token(self, *permissions: str) -> str:
        return MINT.token(self.store.add(*permissions))

    def __call__(
        self,
        method: str,
        path: str,
        body: str | None = None,
        *,
        token: str | None = None,
        query: Mapping[str, list[str]] | None = None,
        **headers: str,
    ) -> tuple[int, Any, dict[str, list[str]]]:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        answer = self._handler(
            {
                "httpMethod": method,
                "path": path,
                "headers": sent,
                "multiValueQueryStringParameters": query,
                "requestContext": {"requestId": "request-1", "identity": {"sourceIp": "192.0.2.7"}},
                "body": body,
            },
            CONTEXT,
        )
        text = answer["body"]
        return answer["statusCode"], json.loads(text) if text else None, answer["multiValueHeaders"]


@pytest.fixture
def app() -> Served:
    return Served()


NOTE_ID = "0190b9d0-0000-7000-8000-000000000000"


def test_arguments_are_filled_by_their_types(app: Served) -> None:
    token = app.token("entities:read")
    status, body, _ = app("GET", f"/notes/{NOTE_ID}", token=token, query={"width": ["7"]})
    assert status == 200
    assert body["text"].startswith(f"{NOTE_ID} for user:")
    assert body["count"] == 7


def test_a_missing_token_is_401_before_anything_else_is_checked(app: Served) -> None:
    for body in (None, "{", '{"text":"x"}'):
        assert app("POST", "/notes", body)[0] == 401


def test_a_token_without_the_permission_is_403(app: Served) -> None:
    status, body, _ = app("POST", "/notes", '{"text":"x"}', token=app.token("entities:read"))
    assert status == 403
    assert "entities:write" in body["detail"]


def test_any_authenticated_caller_may_call_what_needs_no_permission(app: Served) -> None:
    assert app("POST", "/wipe", token=app.token())[0] == 204
    assert app("POST", "/wipe")[0] == 401


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ('{"text":"x","count":2}', 201, None),
        ("", 400, None),
        ("{", 400, None),
        ('{"text":1}', 422, "/text"),
        ('{"text":"x","count":"2"}', 422, "/count"),
        ('{"text":"x","other":1}', 422, "/other"),
        ("{}", 422, "/text"),
        ("[]", 422, ""),
        ("null", 422, ""),
    ],
)
def test_invalid_bodies_are_refused_with_pointers(
    app: Served, body: str, status: int, pointer: str | None
) -> None:
    found, answer, _ = app("POST", "/notes", body, token=app.token("entities:write"))
    assert found == status
    if pointer is not None:
        assert answer["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    ("body", "status"), [(None, 204), ("{}", 204), ("{", 400), ('{"a":1}', 422)]
)
def test_a_body_is_refused_where_none_is_expected(
    app: Served, body: str | None, status: int
) -> None:
    assert app("POST", "/wipe", body, token=app.token())[0] == status


def test_an_unknown_or_bad_parameter_is_named(app: Served) -> None:
    token = app.token("entities:read")
    for query, pointer in (({"wide": ["1"]}, "/wide"), ({"width": ["x"]}, "/width")):
        status, body, _ = app("GET", f"/notes/{NOTE_ID}", token=token, query=query)
        assert (status, body["errors"][0]["pointer"]) == (422, pointer)


def test_a_malformed_id_finds_nothing(app: Served) -> None:
    assert app("GET", "/notes/1", token=app.token("entities:read"))[0] == 404


def test_a_path_that_is_not_served_is_404(app: Served) -> None:
    status, body, _ = app("GET", "/nothing")
    assert (status, body["type"]) == (404, "/problems/not-found")


def test_a_method_that_a_path_does_not_support_is_405_with_an_allow_header(app: Served) -> None:
    status, _, headers = app("DELETE", "/notes")
    assert (status, headers["Allow"]) == (405, ["POST"])


@pytest.mark.parametrize("path", ["/open", "/broken", f"/notes/{NOTE_ID}", "/nothing", "/notes"])
def test_the_response_to_head_is_that_to_get_without_its_body(app: Served, path: str) -> None:
    token = app.token("entities:read")
    status, answer, headers = app("GET", path, token=token)
    without, nothing, of_head = app("HEAD", path, token=token)
    assert (without, nothing) == (status, None)
    assert int(of_head.pop("Content-Length")[0]) > 0
    assert of_head == headers
    assert answer is not None


def test_the_allow_header_of_a_path_with_get_names_head(app: Served) -> None:
    status, _, headers = app("POST", "/open", "{}")
    assert (status, headers["Allow"]) == (405, ["GET, HEAD"])


def test_without_the_rule_for_head_a_head_request_is_refused(
    app: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled: HEAD is a method like any other."""
    monkeypatch.setattr(application, "HEAD", "no method")
    assert app("HEAD", "/open")[0] == 405


def test_a_fixed_word_of_a_path_is_not_an_id(app: Served) -> None:
    status, _, headers = app("GET", "/notes/search", token=app.token("entities:read"))
    assert (status, headers["Allow"]) == (405, ["POST"])
    assert app("POST", "/notes/search", '{"text": "a"}', token=app.token("entities:read"))[0] == 200


def test_an_unexpected_error_is_500_without_its_message(
    app: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    handlers = list(root.handlers)
    logs.configure("test", "INFO")
    try:
        status, body, _ = app("GET", "/broken")
    finally:
        root.handlers[:] = handlers
    assert status == 500
    assert "secret" not in json.dumps(body)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["request_id"] for line in lines} == {"request-1"}
    assert any("ZeroDivisionError" in line.get("error.stack_trace", "") for line in lines)


def test_an_environment_without_memory_says_so_to_what_runs_it(app: Served) -> None:
    with pytest.raises(MemoryError):
        app("GET", "/exhausting")


def test_every_response_has_its_request_id_and_security_headers(app: Served) -> None:
    for method, path in (("GET", "/open"), ("GET", "/nothing"), ("POST", "/notes")):
        _, _, headers = app(method, path)
        assert headers["X-Request-Id"] == ["request-1"]
        assert headers["X-Content-Type-Options"] == ["nosniff"]
        assert "default-src 'none'" in headers["Content-Security-Policy"][0]
        assert "Strict-Transport-Security" not in headers


def test_outside_local_responses_have_strict_transport_security() -> None:
    app = Served(GROUNDWORK_ENV="dev")
    assert "Strict-Transport-Security" in app("GET", "/open")[2]


def test_unless_origins_are_configured_responses_have_no_cors_headers(app: Served) -> None:
    _, _, headers = app("GET", "/open", Origin=ORIGIN)
    assert not [name for name in headers if name.startswith("Access-Control")]


def test_only_exact_origins_may_read() -> None:
    app = Served(GROUNDWORK_CORS_ORIGINS=ORIGIN)
    assert app("GET", "/open", Origin=ORIGIN)[2]["Access-Control-Allow-Origin"] == [ORIGIN]
    for other in ("https://evil.example.org", ORIGIN + ".evil.org", "null"):
        assert "Access-Control-Allow-Origin" not in app("GET", "/open", Origin=other)[2]


def test_a_preflight_returns_the_methods_and_needs_no_token() -> None:
    app = Served(GROUNDWORK_CORS_ORIGINS=ORIGIN)
    status, body, headers = app(
        "OPTIONS", "/notes", Origin=ORIGIN, Access_Control_Request_Method="POST"
    )
    assert (status, body) == (204, None)
    assert headers["Access-Control-Allow-Methods"] == ["POST"]
    assert "If-Match" in headers["Access-Control-Allow-Headers"][0]
