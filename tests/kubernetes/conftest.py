"""The product on real nodes, once for the suite."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..containers.conftest import base, engine, images, standins  # noqa: F401 - fixtures
from ..containers.engine import Engine, NoEngine
from ..manifests.conftest import rendered, tools  # noqa: F401 - fixtures
from . import names
from .cluster import Cluster, programs
from .product import Product, install, with_standins

NODES = 2
BROKEN = "groundwork-host:broken"
"""An image that starts and answers nothing: that of the pause containers."""
PAUSE = """\
FROM groundwork-host
ENTRYPOINT ["/venv/bin/python", "-c", "import signal; signal.pause()"]
"""


@pytest.fixture(scope="session")
def node_programs() -> dict[str, Path]:
    """The programs of a cluster; skips where they cannot be built or run."""
    try:
        return programs()
    except NoEngine as error:
        pytest.skip(f"no node can run here: {error}")


@pytest.fixture(scope="session")
def archives(
    node_programs: dict[str, Path],
    engine: Engine,  # noqa: F811 - a fixture
    images: dict[str, str],  # noqa: F811 - a fixture
    standins: str,  # noqa: F811 - a fixture
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, Path]:
    """Files of images: ours, for each node; for the first, the stand-ins and CoreDNS."""
    folder = tmp_path_factory.mktemp("archives")
    (folder / "Dockerfile").write_text(PAUSE)
    engine.build("Dockerfile", "groundwork-pause", folder)
    engine.docker("tag", "groundwork-pause", BROKEN)
    ours, others = folder / "ours.tar", folder / "others.tar"
    tags = [*images.values(), "groundwork-pause", BROKEN]
    engine.docker("save", "-o", str(ours), *tags, timeout=1800)
    dns = names.build(engine, node_programs["coredns"], tmp_path_factory.mktemp("coredns"))
    engine.docker("save", "-o", str(others), standins, dns, timeout=1800)
    return ours, others


@pytest.fixture(scope="session")
def product(
    node_programs: dict[str, Path],
    archives: tuple[Path, Path],
    rendered: dict[str, Path],  # noqa: F811 - a fixture
) -> Iterator[Product]:
    """The overlay `dev`, ready on two nodes."""
    folder = Path("/tmp") / f"groundwork-cluster-{os.getpid()}"  # noqa: S108 - short: sockets' paths
    cluster = Cluster(folder, node_programs)
    try:
        cluster.start(NODES, *archives)
        text = with_standins(rendered["dev"].read_text(), "node-0", folder / "volumes")
        yield install(cluster, text)
        cluster.check()
    finally:
        cluster.stop()
