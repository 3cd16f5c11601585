"""Servers from Maven Central for stand-ins, verified and kept in the cache of the suites."""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from .engine import CACHE


@dataclass(frozen=True)
class Artifact:
    """One file of Maven Central."""

    group: str
    name: str
    version: str
    classifier: str
    packaging: str
    sha256: str


ZIPKIN = Artifact(
    "io.zipkin",
    "zipkin-server",
    "3.5.1",
    "slim",
    "jar",
    "7956e7f2c64b7073e1362b81e697fceb5fe61e121ad3cb48d545461026964b0f",
)
OPENSEARCH = Artifact(
    "org.opensearch.distribution.integ-test-zip",
    "opensearch",
    "3.6.0",
    "",
    "zip",
    "a91faa1dc1cadc78cb278b4f63847e19e1627a4e9de698e14e7efc14ee37b286",
)


def fetched(artifact: Artifact) -> Path:
    """Return the file, fetched once; skip the test where Maven Central is not reached."""
    kept = CACHE / f"{artifact.name}-{artifact.version}-{artifact.sha256[:12]}"
    if kept.exists():
        return kept
    import requests  # noqa: PLC0415 - used once
    from jgo.maven import MavenContext  # noqa: PLC0415 - used once

    staging = CACHE / "maven"
    project = MavenContext(repo_cache=staging).project(artifact.group, artifact.name)
    component = project.at_version(artifact.version)
    try:
        file = component.artifact(classifier=artifact.classifier, packaging=artifact.packaging)
        path = Path(file.resolve())
    except (requests.RequestException, RuntimeError, OSError) as error:
        pytest.skip(f"{artifact.name} {artifact.version} cannot be fetched from Maven: {error}")
    with path.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    assert found == artifact.sha256, f"{path} is not the file that was pinned"
    draft = kept.with_suffix(".new")
    shutil.copy(path, draft)
    draft.rename(kept)
    path.unlink()
    return kept
