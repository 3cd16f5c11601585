"""A real API server takes every overlay without a warning, and refuses what it should."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from ..containers.engine import NoEngine
from ..manifests.conftest import OVERLAYS, rendered, tools  # noqa: F401 - fixtures
from .control_plane import ControlPlane, programs

pytestmark = [pytest.mark.long, pytest.mark.kubernetes, pytest.mark.timeout(6 * 3600)]
FOREIGN = {
    "ExternalSecret": ("external-secrets.io", "v1", "externalsecrets"),
    "Cluster": ("postgresql.cnpg.io", "v1", "clusters"),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """An API server that knows the kinds of the operators that we use."""
    try:
        found = programs()
    except NoEngine as error:
        pytest.skip(f"no API server can run here: {error}")
    running = ControlPlane(tmp_path_factory.mktemp("control-plane"), found)
    try:
        running.start()
        for kind, (group, version, plural) in FOREIGN.items():
            schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
            served = {"name": version, "served": True, "storage": True}
            definition = {
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {"name": f"{plural}.{group}"},
                "spec": {
                    "group": group,
                    "scope": "Namespaced",
                    "names": {"kind": kind, "plural": plural},
                    "versions": [{**served, "schema": {"openAPIV3Schema": schema}}],
                },
            }
            running.kubectl("apply", "-f", "-", given=yaml.safe_dump(definition))
            running.kubectl("wait", "--for=condition=Established", f"crd/{plural}.{group}")
        yield running
    finally:
        running.stop()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_overlay_is_taken_without_a_warning(
    server: ControlPlane,
    rendered: dict[str, Path],  # noqa: F811 - a fixture
    overlay: str,
) -> None:
    """Pod Security `restricted` warns of a Deployment that it would refuse as a pod."""
    text = rendered[overlay].read_text()
    (namespace,) = [each for each in yaml.safe_load_all(text) if each["kind"] == "Namespace"]
    server.kubectl("apply", "-f", "-", given=yaml.safe_dump(namespace))
    server.kubectl("apply", "--server-side", "--warnings-as-errors", "-f", "-", given=text)
    name = namespace["metadata"]["name"]
    assert "gateway" in server.kubectl("-n", name, "get", "deployments", "-o", "name")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("runAsNonRoot: true", "runAsNonRoot: false"),
        ("maxSurge: 1", "maxSurges: 1"),
        ("memory: 768Mi", "memory: 768MiB"),
    ],
)
def test_a_broken_overlay_is_refused(
    server: ControlPlane,
    rendered: dict[str, Path],  # noqa: F811 - a fixture
    before: str,
    after: str,
) -> None:
    text = rendered["dev"].read_text()
    assert before in text
    given = ["apply", "--server-side", "--warnings-as-errors", "--dry-run=server", "-f", "-"]
    with pytest.raises(RuntimeError):
        server.kubectl(*given, given=text.replace(before, after))
