"""The overlays of Kubernetes keep its schemas and our rules; a broken copy does not."""

import copy
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from . import rules
from .conftest import OVERLAYS

Manifests = list[Any]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_manifest_keeps_its_schema(
    tools: Path, rendered: dict[str, Path], overlay: str
) -> None:
    done = _validate(tools, rendered[overlay])
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_misspelt_field_is_found(tools: Path, rendered: dict[str, Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text(rendered["dev"].read_text().replace("replicas:", "replica:"))
    assert _validate(tools, broken).returncode != 0


def _validate(tools: Path, file: Path) -> "subprocess.CompletedProcess[str]":
    command = [str(tools / "kubernetes-validate"), "--strict", "-k", "1.37", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("rule", rules.ALWAYS, ids=lambda rule: rule.__name__)
def test_every_overlay_keeps_our_rules(
    manifests: dict[str, Manifests], overlay: str, rule: Callable[[Manifests], list[str]]
) -> None:
    assert rule(manifests[overlay]) == []


@pytest.mark.parametrize("overlay", ["staging", "prod"])
def test_staging_and_prod_name_no_emulator(manifests: dict[str, Manifests], overlay: str) -> None:
    assert rules.emulators(manifests[overlay]) == []
    (settings,) = [
        each for each in manifests[overlay] if each["metadata"]["name"].startswith("settings")
    ]
    assert settings["data"]["GROUNDWORK_ENV"] == overlay
    assert not [each for each in manifests[overlay] if each["kind"] == "Secret"]


def test_the_emulator_of_dev_is_noticed(manifests: dict[str, Manifests]) -> None:
    assert len(rules.emulators(manifests["dev"])) == 4


def test_each_overlay_has_a_bucket_of_its_own(manifests: dict[str, Manifests]) -> None:
    names = {
        each["data"]["GROUNDWORK_EXPORT_BUCKET"]
        for overlay in OVERLAYS
        for each in manifests[overlay]
        if each["metadata"]["name"].startswith("settings")
    }
    assert len(names) == len(OVERLAYS)


def test_an_emulator_without_buckets_is_noticed(manifests: dict[str, Manifests]) -> None:
    broken = copy.deepcopy(manifests["dev"])
    (emulator,) = [
        each
        for each in broken
        if each["kind"] == "Deployment" and each["metadata"]["name"] == "emulator"
    ]
    for variable in emulator["spec"]["template"]["spec"]["containers"][0]["env"]:
        variable["value"] = variable["value"].replace("s3,", "")
    assert rules.homeless_exports(broken) != []


def _gateway(manifests: Manifests) -> Any:
    (found,) = [
        each
        for each in manifests
        if each["kind"] == "Deployment" and each["metadata"]["name"] == "gateway"
    ]
    return found


def _as_root(manifests: Manifests) -> None:
    del _gateway(manifests)["spec"]["template"]["spec"]["securityContext"]["runAsNonRoot"]


def _writable(manifests: Manifests) -> None:
    (only,) = _gateway(manifests)["spec"]["template"]["spec"]["containers"]
    only["securityContext"]["readOnlyRootFilesystem"] = False


def _low_user(manifests: Manifests) -> None:
    _gateway(manifests)["spec"]["template"]["spec"]["securityContext"]["runAsUser"] = 1000


def _cpu_limit(manifests: Manifests) -> None:
    (only,) = _gateway(manifests)["spec"]["template"]["spec"]["containers"]
    only["resources"]["limits"]["cpu"] = "1"


def _no_drain(manifests: Manifests) -> None:
    _gateway(manifests)["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 30


def _no_patience(manifests: Manifests) -> None:
    (only,) = _gateway(manifests)["spec"]["template"]["spec"]["containers"]
    only["readinessProbe"]["failureThreshold"] = 2


def _small_request(manifests: Manifests) -> None:
    (only,) = _gateway(manifests)["spec"]["template"]["spec"]["containers"]
    only["resources"]["requests"]["cpu"] = "50m"


def _no_budget(manifests: Manifests) -> None:
    manifests[:] = [each for each in manifests if each["kind"] != "PodDisruptionBudget"]


def _plain_secret(manifests: Manifests) -> None:
    (only,) = _gateway(manifests)["spec"]["template"]["spec"]["containers"]
    only["env"].append({"name": "NEO4J_PASSWORD", "value": "x"})


def _policy(manifests: Manifests, name: str) -> Any:
    (found,) = [each for each in manifests if each["metadata"]["name"] == name]
    return found["spec"]


def _fetcher_in_the_graph(manifests: Manifests) -> None:
    names = _policy(manifests, "graph-out")["podSelector"]["matchExpressions"][0]["values"]
    names.append("fetch")


def _fetcher_in_private_nets(manifests: Manifests) -> None:
    del _policy(manifests, "web-out")["egress"][0]["to"][0]["ipBlock"]["except"]


def _fetcher_without_queues(manifests: Manifests) -> None:
    names = _policy(manifests, "pod-identity-out")["podSelector"]["matchExpressions"][0]["values"]
    names.remove("fetch")


def _no_public_url(manifests: Manifests) -> None:
    (settings,) = [each for each in manifests if each["metadata"]["name"].startswith("settings")]
    del settings["data"]["GROUNDWORK_PUBLIC_URL"]


def _gateway_with_webhooks(manifests: Manifests) -> None:
    (only,) = _gateway(manifests)["spec"]["template"]["spec"]["containers"]
    for each in only["env"]:
        if each["name"] == "GROUNDWORK_FUNCTIONS":
            each["value"] = "-Fetch,-Relay,-GraphCheck"


def _no_bucket(manifests: Manifests) -> None:
    (settings,) = [each for each in manifests if each["metadata"]["name"].startswith("settings")]
    del settings["data"]["GROUNDWORK_EXPORT_BUCKET"]


def _no_deny(manifests: Manifests) -> None:
    manifests[:] = [each for each in manifests if each["metadata"]["name"] != "default-deny"]


@pytest.mark.parametrize(
    ("rule", "breaks"),
    [
        (rules.unrestricted, _as_root),
        (rules.unrestricted, _writable),
        (rules.root_of_ours, _low_user),
        (rules.unlimited, _cpu_limit),
        (rules.interrupted, _no_drain),
        (rules.interrupted, _no_budget),
        (rules.hasty, _no_patience),
        (rules.eager, _small_request),
        (rules.told_secrets, _plain_secret),
        (rules.open_network, _no_deny),
        (rules.fetcher, _fetcher_in_the_graph),
        (rules.fetcher, _fetcher_in_private_nets),
        (rules.fetcher, _fetcher_without_queues),
        (rules.fetcher, _no_public_url),
        (rules.fetcher, _gateway_with_webhooks),
        (rules.homeless_exports, _no_bucket),
    ],
)
def test_a_manifest_that_breaks_a_rule_is_found(
    manifests: dict[str, Manifests],
    rule: Callable[[Manifests], list[str]],
    breaks: Callable[[Manifests], None],
) -> None:
    broken = copy.deepcopy(manifests["prod"])
    breaks(broken)
    assert rule(broken) != []
