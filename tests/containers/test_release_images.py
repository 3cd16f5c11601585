"""`make images push sbom sign attest` against a registry on loopback, and what cosign accepts."""

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ..child_instance import free_port
from ..waiting import eventually
from .engine import ROOT, Engine, NoEngine, go_tool, run

pytestmark = [pytest.mark.long, pytest.mark.containers, pytest.mark.timeout(3600)]
NAMES = ("migrate", "fetch")
REGISTRY = """\
version: 0.1
storage: {{filesystem: {{rootdirectory: {folder}}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


@dataclass
class Release:
    """Pushed images, and the key and registry by which they are checked."""

    registry: str
    folder: Path
    cosign: Path
    digests: dict[str, str] = field(default_factory=dict)

    def image(self, name: str) -> str:
        return f"{self.registry}/groundwork-{name}"

    def run(self, *arguments: str) -> str:
        """Run cosign, which knows nothing of the user's own files."""
        return run([str(self.cosign), *arguments], env=self.environment(), cwd=self.folder)

    def environment(self) -> dict[str, str]:
        return {**os.environ, "HOME": str(self.folder), "COSIGN_PASSWORD": "not-much"}

    def verify(self, what: str, key: str = "cosign.pub", command: str = "verify") -> Any:
        """Return what cosign verified. Raises RuntimeError."""
        kind = ["--type=cyclonedx"] if command == "verify-attestation" else []
        said = self.run(command, f"--key={key}", "--insecure-ignore-tlog", *kind, what)
        return [json.loads(line) for line in said.splitlines() if line.startswith(("[", "{"))]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an empty registry."""
    try:
        program = go_tool(
            "registry", "github.com/distribution/distribution/v3/cmd/registry", "registry"
        )
    except NoEngine as error:
        pytest.skip(str(error))
    folder, port = tmp_path_factory.mktemp("registry"), free_port()
    file = folder / "registry.yaml"
    file.write_text(REGISTRY.format(folder=folder / "images", port=port))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "serve", file], stdout=log, stderr=subprocess.STDOUT, cwd=folder
        )

    def answers() -> bool:
        try:
            return httpx2.get(f"http://127.0.0.1:{port}/v2/").status_code == 200
        except httpx2.TransportError:
            return False

    try:
        assert eventually(answers, 60), (folder / "log").read_text()
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="module")
def release(
    engine: Engine,
    base: str,
    registry: str,
    images: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Release:
    """Two images that were pushed, listed, signed and attested as the pipeline does."""
    try:
        cosign = go_tool("cosign", "github.com/sigstore/cosign/v3/cmd/cosign", "cosign")
        syft = go_tool("syft", "github.com/anchore/syft/cmd/syft", "syft")
    except NoEngine as error:
        pytest.skip(str(error))
    made = Release(registry, tmp_path_factory.mktemp("cosign"), cosign)
    for prefix in ("cosign", "other"):
        made.run("generate-key-pair", f"--output-key-prefix={prefix}")
    # Names no service, so nothing is written to a public log.
    made.run("signing-config", "create", "--out=services.json")
    options = {"key": "cosign.key", "signing-config": "services.json"}
    # The engine knows the image by another repository too, whose name must not be signed.
    engine.docker("tag", images["fetch"], f"{registry}/another-fetch:v1")
    engine.docker("push", "-q", f"{registry}/another-fetch:v1")
    given = {
        "IMAGES": " ".join(NAMES),
        "IMAGE_PREFIX": f"{registry}/groundwork-",
        "IMAGE_TAG": "v1",
        "BASE": base,
        "SYFT": str(syft),
        "COSIGN": str(cosign),
        "COSIGN_OPTIONS": " ".join(
            f"--{name}={made.folder / file}" for name, file in options.items()
        ),
    }
    targets = ["images", "push", "sbom", "sign", "attest"]
    run(
        ["make", *targets, *(f"{name}={value}" for name, value in given.items())],
        cwd=ROOT,
        env={**made.environment(), **engine.environment, "COSIGN_PASSWORD": "not-much"},
        timeout=1800,
    )
    for line in (ROOT / "dist" / "images.sha256").read_text().splitlines():
        digest, image = line.split("  ")
        made.digests[image] = digest
    return made


def test_the_list_of_digests_is_that_of_the_registry(release: Release) -> None:
    assert set(release.digests) == {release.image(name) for name in NAMES}
    for name in NAMES:
        kinds = "application/vnd.docker.distribution.manifest.v2+json"
        url = f"http://{release.registry}/v2/groundwork-{name}/manifests/v1"
        found = httpx2.get(url, headers={"accept": kinds}).headers["docker-content-digest"]
        assert found == f"sha256:{release.digests[release.image(name)]}"


def test_the_signed_image_is_accepted_and_no_other(release: Release, engine: Engine) -> None:
    for image, digest in release.digests.items():
        (claims,) = release.verify(f"{image}@sha256:{digest}")
        kinds = {claim["critical"]["type"] for claim in claims}
        digests = {claim["critical"]["image"]["docker-manifest-digest"] for claim in claims}
        assert "https://sigstore.dev/cosign/sign/v1" in kinds
        assert digests == {f"sha256:{digest}"}
    # Another image of the same repository, which nobody signed.
    image = release.image("fetch")
    engine.docker("tag", "groundwork-migrate", f"{image}:unsigned")
    engine.docker("push", "-q", f"{image}:unsigned")
    for refused in (f"{image}:unsigned", f"{release.registry}/another-fetch:v1"):
        with pytest.raises(RuntimeError, match=r"no (matching )?signatures"):
            release.verify(refused)
    # The right image, and a key that did not sign it.
    with pytest.raises(RuntimeError):
        release.verify(f"{image}:v1", key="other.pub")


def test_the_attested_list_of_parts_is_that_of_the_image(release: Release) -> None:
    for name in NAMES:
        image = release.image(name)
        digest = release.digests[image]
        (envelope,) = release.verify(f"{image}@sha256:{digest}", command="verify-attestation")
        statement = json.loads(base64.b64decode(envelope["payload"]))
        assert [one["digest"]["sha256"] for one in statement["subject"]] == [digest]
        listed = json.loads((ROOT / "dist" / f"groundwork-{name}.cdx.json").read_text())
        assert statement["predicate"]["components"] == listed["components"]
    with pytest.raises(RuntimeError):
        release.verify(f"{release.image('fetch')}:v1", "other.pub", "verify-attestation")
    with pytest.raises(RuntimeError):
        release.verify(f"{release.registry}/another-fetch:v1", command="verify-attestation")
