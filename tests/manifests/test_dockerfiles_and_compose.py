"""Dockerfiles pass hadolint; Compose requires every secret and waits for what is healthy."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import ROOT

DOCKERFILES = sorted((ROOT / "infra" / "docker").glob("*.Dockerfile"))
COMPOSE = ROOT / "infra" / "compose"
DIGEST = re.compile(r"^ARG BASE=\S+@sha256:[0-9a-f]{64}$", re.MULTILINE)
SECRET = re.compile(r"\$\{(\w*(?:PASSWORD|TOKEN|KEY))(:?[?-])?")
OPTIONAL = {"OPENSEARCH_PASSWORD"}
"""Needed by a profile only, and refused by its service when it is empty."""
NOBODY_WAITS_FOR = {"opensearch", "fluent-bit", "prometheus", "alertmanager", "zipkin"}


def snake(name: str) -> str:
    """Return the folder of a function's package."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


@pytest.fixture(scope="module")
def project() -> Any:
    return yaml.safe_load((COMPOSE / "compose.yaml").read_text())


def _hadolint(tools: Path, file: Path) -> "subprocess.CompletedProcess[str]":
    command = [str(tools / "hadolint"), str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.name)
def test_a_dockerfile_is_clean_and_pins_its_base(tools: Path, file: Path) -> None:
    done = _hadolint(tools, file)
    assert done.returncode == 0, done.stdout
    text = file.read_text()
    assert DIGEST.search(text)
    assert "USER 10001:10001" in text
    assert "HEALTHCHECK" in text
    assert "\nFROM scratch" in text


def test_a_dockerfile_that_installs_unpinned_packages_is_found(tools: Path, tmp_path: Path) -> None:
    bad = tmp_path / "Dockerfile"
    bad.write_text("FROM debian\nRUN apt-get install curl\n")
    assert _hadolint(tools, bad).returncode != 0


def test_the_image_of_a_function_has_the_layers_that_are_its_own() -> None:
    template = (ROOT / "template.yaml").read_text()
    own = re.findall(
        r"^  (\w+):\n    Type: AWS::Serverless::Function\n(?:(?:    .*)?\n)*?"
        r"      Layers: \[!Ref (\w+)Layer\]",
        template,
        re.MULTILINE,
    )
    copied = re.findall(
        r"^COPY layers/(\w+)/requirements.txt /build/(\w+).txt$",
        (ROOT / "infra/docker/lambda.Dockerfile").read_text(),
        re.MULTILINE,
    )
    packages = {(layer.lower(), snake(function)) for function, layer in own if layer != "Client"}
    assert packages == set(copied) - {("deps", "requirements")}
    assert len(own) == template.count("\n      Layers: [!Ref")


def test_every_secret_is_required(project: Any) -> None:
    text = (COMPOSE / "compose.yaml").read_text()
    found = dict(SECRET.findall(text))
    assert {name for name, how in found.items() if how != ":?"} == OPTIONAL
    example = (COMPOSE / ".env.example").read_text()
    assert {name for name in found if f"{name}=\n" not in example} == set()


def test_a_secret_with_a_default_is_noticed() -> None:
    assert SECRET.findall("${HOST_TOKEN:-none} ${HOST_TOKEN}") == [
        ("HOST_TOKEN", ":-"),
        ("HOST_TOKEN", ""),
    ]


def test_services_wait_for_health_and_for_the_end_of_jobs(project: Any) -> None:
    services = project["services"]
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            job = needed in {"migrate", "bootstrap"}
            expected = "service_completed_successfully" if job else "service_healthy"
            assert how["condition"] == expected, f"{name} waits for {needed}"
            assert needed not in NOBODY_WAITS_FOR, f"{name} needs {needed}"
            own = job or needed.startswith("host-") or "healthcheck" in services[needed]
            assert own, f"{needed} has no health check"


def test_hosts_know_their_public_address_and_reach_queues_and_keys(project: Any) -> None:
    """Fetch asks hubs each minute, with that address and with secrets that data keys encrypt."""
    for name in ("host-1", "host-2"):
        given = project["services"][name]["environment"]
        assert given["GROUNDWORK_PUBLIC_URL"].startswith("${PUBLIC_URL:-"), name
        assert given["AWS_ENDPOINT_URL"] == project["x-application"]["AWS_ENDPOINT_URL"], name
        assert "GROUNDWORK_FUNCTIONS" not in given, name


def test_our_services_are_hardened_and_nothing_is_published_beyond_this_machine(
    project: Any,
) -> None:
    for name, service in project["services"].items():
        if name.startswith(("host-", "migrate", "bootstrap", "balancer")):
            assert service["read_only"] is True, name
            assert service["cap_drop"] == ["ALL"], name
            assert service["security_opt"] == ["no-new-privileges:true"], name
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:"), f"{name} publishes {port}"


def test_every_log_is_bounded_and_shipped_except_those_of_the_shippers(project: Any) -> None:
    for name, service in project["services"].items():
        logging = service["logging"]
        assert {"max-size", "max-file"} <= set(logging["options"]), name
        shipped = logging["driver"] == "json-file" and logging["options"].get("tag") == "{{.Name}}"
        assert shipped == (name not in {"opensearch", "fluent-bit"}), name


def test_hosts_share_the_folder_of_exports_which_belongs_to_their_user(project: Any) -> None:
    for name in ("host-1", "host-2"):
        assert project["services"][name]["volumes"] == ["exports:/state/exports"], name
    assert "exports" in project["volumes"]
    image = (ROOT / "infra" / "docker" / "host.Dockerfile").read_text()
    assert "--chown=10001:10001 /state /state" in image
    assert "GROUNDWORK_HOME=/state" in image
