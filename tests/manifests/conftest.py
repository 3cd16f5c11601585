"""The tools of requirements/manifests.txt, and each overlay as Kubernetes would get it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.prefix) / "manifests" / "bin"
OVERLAYS = ("dev", "staging", "prod")
Manifest = dict[str, object]


@pytest.fixture(scope="session")
def tools() -> Path:
    """The folder of the tools; skips where `make test-manifests` has not made it."""
    if not (TOOLS / "kubectl").exists():
        pytest.skip("the tools are not installed; `make test-manifests` installs them")
    return TOOLS


@pytest.fixture(scope="session")
def rendered(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The file of each overlay's manifests."""
    folder = tmp_path_factory.mktemp("kubernetes")
    here = folder / "kubernetes"
    secrets = shutil.ignore_patterns("secrets")
    shutil.copytree(ROOT / "infra" / "kubernetes", here, ignore=secrets)
    subprocess.run(["sh", str(here / "overlays/dev/make-secrets.sh")], check=True)
    found = {}
    for overlay in OVERLAYS:
        found[overlay] = folder / f"{overlay}.yaml"
        made = subprocess.run(
            [str(tools / "kubectl"), "kustomize", str(here / "overlays" / overlay)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stderr
        found[overlay].write_text(made.stdout)
    return found


@pytest.fixture(scope="session")
def manifests(rendered: dict[str, Path]) -> dict[str, list[Manifest]]:
    """The manifests of each overlay."""
    return {name: list(yaml.safe_load_all(file.read_text())) for name, file in rendered.items()}
