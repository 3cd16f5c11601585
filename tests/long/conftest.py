"""Fixtures of the long suites: the output of `sam build`, and a whole instance."""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.child_instance import Instance

ROOT = Path(__file__).parents[2]
# Examples and fuzzers name a port of this machine on which nothing listens.
SETTINGS = {"GROUNDWORK_RATE_LIMIT": "0", "GROUNDWORK_FETCH_ALLOW": "127.0.0.1:9"}
SAM = ROOT / ".venv" / "sam" / "bin" / "sam"


def sam_build(folder: Path, **variables: str) -> Path:
    if not SAM.exists():
        pytest.fail("the SAM command line is not installed; `make test-long` installs it")
    # sam builds from a copy next to nothing else, so that what lies about here cannot help it.
    done = subprocess.run(
        [
            str(SAM),
            "build",
            "--template",
            str(ROOT / "template.yaml"),
            "--build-dir",
            str(folder),
            "--cache-dir",
            str(folder) + "-cache",
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "SAM_CLI_TELEMETRY": "0",
            "PIP": f"{sys.executable} -m pip",
            **variables,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shutil.rmtree(str(folder) + "-cache", ignore_errors=True)
    return folder


@pytest.fixture(scope="session")
def lambda_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build that would be deployed."""
    return sam_build(tmp_path_factory.mktemp("lambda") / "build")


@pytest.fixture(scope="session")
def own_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same for the running Python and machine."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return sam_build(
        tmp_path_factory.mktemp("own") / "build",
        LAMBDA_PYTHON=version,
        LAMBDA_ARCHITECTURE=platform.machine(),
    )


@pytest.fixture(scope="module")
def instance() -> Iterator[Instance]:
    """`groundwork up`, as a user starts it, for one module; it refuses nobody for asking often."""
    # Not in pytest's own folder, which pytest closes to the user that PostgreSQL runs as.
    folder = Path(tempfile.mkdtemp(prefix="groundwork-long-"))
    folder.chmod(0o755)
    try:
        with Instance(folder / "home", SETTINGS) as up:
            yield up
    finally:
        shutil.rmtree(folder, ignore_errors=True)
