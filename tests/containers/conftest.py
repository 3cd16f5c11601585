"""The engine, its base image and the project's images, once for all suites."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundwork_command.services import neo4j_jars

from . import engine as engines
from .engine import ROOT, Engine, NoEngine, run

FUNCTIONS = sorted(
    path.name
    for path in (ROOT / "functions/groundwork_functions").iterdir()
    if path.is_dir() and path.name != "__pycache__"
)


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """A running engine; skips where none can run."""
    try:
        running = engines.start()
    except NoEngine as error:
        pytest.skip(f"no container can run here: {error}")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def base(engine: Engine) -> str:
    """The base image."""
    return engines.base_image(engine)


@pytest.fixture(scope="session")
def images(engine: Engine, base: str) -> dict[str, str]:
    """The images of the host, by target."""
    found = {}
    for target in ("host", "migrate", "fetch"):
        found[target] = f"groundwork-{target}"
        engine.build("infra/docker/host.Dockerfile", found[target], target=target, BASE=base)
    return found


@pytest.fixture(scope="session")
def functions(engine: Engine, base: str) -> dict[str, str]:
    """The image of each function."""
    found = {}
    for name in FUNCTIONS:
        found[name] = f"groundwork-lambda-{name.replace('_', '-')}"
        engine.build("infra/docker/lambda.Dockerfile", found[name], BASE=base, FUNCTION=name)
    return found


@pytest.fixture(scope="session")
def standins(engine: Engine, base: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image that stands in for those of a registry."""
    context = tmp_path_factory.mktemp("standins")
    for path in (Path(__file__).parent / "standins").iterdir():
        if path.is_file():
            shutil.copy(path, context)
    shutil.copy(ROOT / "requirements" / "host.txt", context)
    (context / "jars").mkdir()
    for jar in neo4j_jars.ensure(lambda _line: None):
        shutil.copy(jar, context / "jars" / jar.name)
    engine.build("Dockerfile", "groundwork-standins", context, BASE=base)
    return "groundwork-standins"


@pytest.fixture(scope="session")
def localstack(engine: Engine, base: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image that stands in for LocalStack's; skips without the Python that it needs."""
    python = os.environ.get("LOCALSTACK_PYTHON", "python3.13")
    try:
        prefix = run([python, "-c", "import sys; print(sys.base_prefix)"]).strip()
    except (RuntimeError, FileNotFoundError):
        pytest.skip("LocalStack 4.14 needs Python 3.13; set LOCALSTACK_PYTHON to its path")
    context = tmp_path_factory.mktemp("localstack")
    shutil.copy(Path(__file__).parent / "standins" / "localstack.Dockerfile", context)
    shutil.copy(ROOT / "requirements" / "localstack.txt", context)
    useless = shutil.ignore_patterns("test", "__pycache__", "site-packages", "*.a", "include")
    for name in ("bin", "lib"):
        source = Path(prefix) / name
        shutil.copytree(source, context / "python" / name, symlinks=True, ignore=useless)
    engine.build("localstack.Dockerfile", "groundwork-localstack", context, BASE=base)
    return "groundwork-localstack"


@pytest.fixture(scope="session")
def compose(engine: Engine) -> list[str]:
    """The command of Docker Compose."""
    try:
        return engines.compose(engine)
    except NoEngine as error:
        pytest.skip(f"Docker Compose cannot run here: {error}")


@pytest.fixture(scope="session")
def began() -> float:
    """Start of the suite."""
    return time.monotonic()
