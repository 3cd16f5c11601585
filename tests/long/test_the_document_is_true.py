"""A fuzzer checks that the API does what /openapi.json says.

schemathesis with all checks: no 5xx, only documented statuses, types and headers, answers as their
schemas say, wrong input refused, right input taken, no operation without its token, nothing left
after a delete. The seed is fixed, so that a failure comes again.
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest
from tests.child_instance import Instance

from ..instances import environment_of, run
from .conftest import SETTINGS
from .fuzzer import Account, answers, failed, fuzz, good, operations
from .good_requests import World
from .good_state import Hub

pytestmark = pytest.mark.long
ENDS_ITS_OWN_SESSION = ("logOutEverywhere", "setPassword")
"""Fuzzed by themselves, each by a user of its own."""


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with Hub() as one:
        yield one


@pytest.fixture(scope="module")
def instance(hub: Hub) -> Iterator[Instance]:
    """A whole instance that refuses nobody for asking often, and may fetch from the hub."""
    # Not in pytest's own folder, which pytest closes to the user that PostgreSQL runs as.
    folder = Path(tempfile.mkdtemp(prefix="groundwork-fuzzed-"))
    folder.chmod(0o755)
    settings = {
        **SETTINGS,
        "GROUNDWORK_FETCH_ALLOW": f"{SETTINGS['GROUNDWORK_FETCH_ALLOW']},{hub.address}",
        "GROUNDWORK_PUBLIC_URL": "https://groundwork.example.org",
    }
    try:
        with Instance(folder / "home", settings) as up:
            yield up
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def admins(instance: Instance) -> Account:
    return Account(
        instance.url, instance.email, instance.password, instance.addresses["DATABASE_URL"]
    )


@pytest.fixture(scope="module")
def viewers(instance: Instance) -> Account:
    arguments = ("user", "create", "--email", "viewer@example.org", "--role", "viewer")
    made = json.loads(run(*arguments, environment=environment_of(instance)).stdout)
    return Account(
        instance.url, made["email"], made["password"], instance.addresses["DATABASE_URL"]
    )


@pytest.fixture
def admin(admins: Account) -> Iterator[httpx2.Client]:
    with admins.client() as client:
        yield client


@pytest.fixture
def viewer(viewers: Account) -> Iterator[httpx2.Client]:
    with viewers.client() as client:
        yield client


@pytest.fixture(scope="module")
def examples(admins: Account, hub: Hub, tmp_path_factory: Any) -> Path:
    """A folder: the document with examples that succeed for the admin, and what they need."""
    credentials = {"email": admins.email, "password": admins.password}
    refresh = httpx2.post(f"{admins.url}/api/v1/auth/login", json=credentials, timeout=30)
    credentials["refresh_token"] = refresh.json()["refresh_token"]
    folder: Path = tmp_path_factory.mktemp("examples")
    with admins.client() as client:
        document = client.get("/openapi.json").json()
        world = World(client, document, credentials, hub)
        (folder / "openapi.json").write_text(json.dumps(world.examples()))
    (folder / "own.json").write_text(json.dumps(world.own))
    (folder / "secret").write_text(world.publisher_secret)
    return folder


def excluded() -> list[str]:
    return [f"--exclude-operation-id={one}" for one in ENDS_ITS_OWN_SESSION]


def test_responses_to_fuzzed_requests_of_an_admin_conform_to_the_document(
    admins: Account, examples: Path, admin: httpx2.Client, tmp_path: Path
) -> None:
    done = fuzz(
        admin,
        tmp_path,
        *excluded(),
        document=examples / "openapi.json",
        FUZZER_SESSION=admins.session(admin),
        FUZZER_OWN=str(examples / "own.json"),
        FUZZER_PUBLISHER_SECRET=(examples / "secret").read_text(),
    )
    assert done.returncode == 0, done.stdout[-20_000:]

    # Not by knocking at closed doors all the time.
    without = set(operations(admin).values()) - good(admin, tmp_path / "report.ndjson")
    assert without == set(ENDS_ITS_OWN_SESSION)


def test_responses_to_fuzzed_requests_of_a_viewer_conform_to_the_document(
    viewers: Account, viewer: httpx2.Client, tmp_path: Path
) -> None:
    done = fuzz(viewer, tmp_path, *excluded(), FUZZER_SESSION=viewers.session(viewer))
    assert done.returncode == 0, done.stdout[-20_000:]

    statuses = {status for _, status in answers(tmp_path / "report.ndjson")}
    assert {200, 403} <= statuses


Lie = tuple[str, Callable[[dict[str, Any]], object]]


def of_entities(document: dict[str, Any]) -> dict[str, Any]:
    """The responses of a list."""
    answers: dict[str, Any] = document["paths"]["/api/v1/entities"]["get"]["responses"]
    return answers


def field(document: dict[str, Any], name: str) -> dict[str, Any]:
    """A field of a new entity."""
    fields = document["components"]["schemas"]["NewEntity"]["properties"]
    return cast("dict[str, Any]", fields[name])


ETAG = {"$ref": "#/components/headers/ETag"}
LIES: dict[str, Lie] = {
    "response_schema_conformance": (
        "createEntity",
        lambda it: it["components"]["schemas"]["Entity"]["properties"]["version"].update(
            type="string"
        ),
    ),
    "negative_data_rejection": (
        "createEntity",
        # Tried without it for certain, and then no other entity can have the same key.
        lambda it: it["components"]["schemas"]["NewEntity"]["required"].append("key"),
    ),
    "positive_data_acceptance": (
        "createEntity",
        lambda it: field(it, "confidence").update(maximum=9),
    ),
    "status_code_conformance": ("listEntities", lambda it: of_entities(it).pop("422")),
    "response_headers_conformance": (
        "listEntities",
        lambda it: of_entities(it)["200"]["headers"].update(ETag=ETAG),
    ),
    "ignored_auth": (
        "healthLive",
        lambda it: it["paths"]["/health/live"]["get"].update(security=[{"bearer": []}]),
    ),
}
"""Lies by the check that finds each out: a response that is not as shown, input that is taken
though the document says it is wrong, or refused though it says it is right, and so on."""


@pytest.mark.parametrize("check", LIES)
def test_a_false_statement_of_the_document_is_found(
    admin: httpx2.Client, tmp_path: Path, check: str
) -> None:
    document = admin.get("/openapi.json").json()
    operation, lie = LIES[check]
    lie(document)
    file = tmp_path / "lying.json"
    file.write_text(json.dumps(document))
    only = f"--include-operation-id={operation}"
    done = fuzz(admin, tmp_path, only, document=file, examples=10)
    assert done.returncode == 1, done.stdout[-5_000:]
    assert check in failed(tmp_path / "report.ndjson"), done.stdout[-5_000:]


@pytest.mark.parametrize("operation", ENDS_ITS_OWN_SESSION)
def test_ending_all_sessions_conforms_to_the_document(
    admins: Account, admin: httpx2.Client, tmp_path: Path, operation: str
) -> None:
    user = {"email": f"{operation.lower()}@example.org", "password": "as long as it is wide"}
    made = admin.post("/api/v1/users", json={**user, "name": "x", "roles": ["admin"]})
    assert made.status_code == 201, made.text
    document = admin.get("/openapi.json").json()
    password = document["paths"]["/api/v1/auth/password"]["post"]["requestBody"]
    example = password["content"]["application/json"]["example"]
    example["current_password"] = user["password"]
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(document))
    with Account(
        admins.url, user["email"], user["password"], admins.database_url
    ).client() as client:
        done = fuzz(client, tmp_path, f"--include-operation-id={operation}", document=file)
    assert done.returncode == 0, done.stdout[-20_000:]
    assert good(admin, tmp_path / "report.ndjson") == {operation}
