"""A deployment as prod has it, behind a load balancer with TLS: the doctor and the smoke test."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from ..child_instance import free_port
from ..hosts import ServingHost, deployment
from ..instances import run
from ..tls_front import HIDDEN, certificate, context_of, tls_front

pytestmark = [pytest.mark.long, pytest.mark.services]
ROOT = Path(__file__).parents[2]
INSIDE = ["sources:read", "entities:read", "jobs:read"]


@dataclass(frozen=True)
class Front:
    """A host, what its front needs, and the environment of somebody outside."""

    host: ServingHost
    folder: Path
    environment: Mapping[str, str]


@pytest.fixture(scope="module")
def front(
    all_services: Mapping[str, str], server_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Front]:
    folder = tmp_path_factory.mktemp("front")
    name = f"gw_doctor_{free_port()}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        settings = {
            **deployment(all_services, f"{server_url.rsplit('/', 1)[0]}/{name}"),
            "GROUNDWORK_METRICS_TOKEN": "a-token-of-this-test",
        }
        run("migrate", "--wait", "10", environment=settings)
        run("bootstrap", environment=settings)
        with ServingHost(folder, settings) as host, host.ready().client() as admin:
            made = admin.post("/api/v1/api-keys", json={"name": "doctor", "scopes": INSIDE})
            trusted = certificate(folder).certificate
            outside = {"GROUNDWORK_API_KEY": made.json()["key"], "SSL_CERT_FILE": str(trusted)}
            yield Front(host, folder, outside)
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")
        server.execute(f"DROP ROLE {name}_functions")


def states(front: Front, hidden: tuple[bytes, ...], expect: int) -> dict[str, str]:
    context = context_of(certificate(front.folder))
    with tls_front(context, front.host.port, hidden) as port:
        given = ("doctor", "--env", "prod", "--url", f"https://localhost:{port}", "--json")
        done = run(*given, environment=front.environment, expect=expect)
    print(done.stdout)
    return {one["check"]: one["state"] for one in json.loads(done.stdout)["findings"]}


def test_the_doctor_finds_no_fault_of_a_deployment_behind_tls(front: Front) -> None:
    found = states(front, HIDDEN, expect=0)
    assert {name: state for name, state in found.items() if state != "ok"} == {}
    assert {"encryption", "old protocols", "database", "graph", "sockets"} <= set(found)


def test_a_proxy_that_hides_no_internal_path_is_noticed(front: Front) -> None:
    found = states(front, (b"/nothing",), expect=1)
    expected = {"pages": "blocks", "readiness": "warning"}
    assert {name: state for name, state in found.items() if state != "ok"} == expected


def test_the_smoke_test_of_the_pipeline_passes(front: Front) -> None:
    context = context_of(certificate(front.folder))
    with tls_front(context, front.host.port) as port:
        done = subprocess.run(
            [sys.executable, "infra/pipeline/smoke.py", f"https://localhost:{port}",
             "--stage=prod", "--requests=30", "--p95-ms=60000"],
            cwd=ROOT,
            env={
                **os.environ,
                **front.environment,
                "KEY": front.environment["GROUNDWORK_API_KEY"],
            },
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "30 requests, 95th percentile" in done.stdout
