"""Every image is small, has no shell, runs as nobody on a read-only root, and can be listed."""

import json
import shutil

import pytest

from .engine import ROOT, Engine, NoEngine, go_tool, run

pytestmark = [pytest.mark.long, pytest.mark.containers, pytest.mark.timeout(3600)]
HOST_MEGABYTES = 250
FUNCTION_MEGABYTES = 250
SHELLS = ("sh", "bash", "dash", "apt-get", "pip")


def megabytes(engine: Engine, image: str) -> float:
    return int(engine.docker("image", "inspect", "-f", "{{.Size}}", image)) / 1_000_000


def test_images_of_the_host_are_small(engine: Engine, images: dict[str, str]) -> None:
    sizes = {name: megabytes(engine, tag) for name, tag in images.items()}
    print("megabytes", sizes)
    assert max(sizes.values()) < HOST_MEGABYTES


def test_images_of_functions_are_small(engine: Engine, functions: dict[str, str]) -> None:
    sizes = {name: megabytes(engine, tag) for name, tag in functions.items()}
    print("megabytes", sizes)
    assert max(sizes.values()) < FUNCTION_MEGABYTES


def test_an_image_has_no_shell_and_no_installer(engine: Engine, images: dict[str, str]) -> None:
    for name in SHELLS:
        with pytest.raises(RuntimeError, match="not found"):
            engine.docker("run", "--rm", "--entrypoint", name, images["host"], "-c", "true")


def test_an_image_runs_as_nobody_and_writes_nowhere(
    engine: Engine, images: dict[str, str], functions: dict[str, str]
) -> None:
    tries = (
        "import os, sys\n"
        "assert os.getuid() > 10000 and os.getgid() > 10000, os.getuid()\n"
        "for folder in ('/', '/app', '/venv', '/tmp'):\n"
        "    try: open(folder + '/x', 'w')\n"
        "    except OSError: continue\n"
        "    sys.exit(folder)\n"
    )
    for image in (images["host"], images["migrate"], functions["rest_api"]):
        engine.docker(
            "run", "--rm", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges",
            "--entrypoint=/venv/bin/python", image, "-c", tries,
        )  # fmt: skip
    # On a root that is not read-only, the folder of temporary files is open: the check works.
    with pytest.raises(RuntimeError, match="/tmp"):  # noqa: S108 - in the container
        engine.docker("run", "--rm", "--entrypoint=/venv/bin/python", images["host"], "-c", tries)


def test_every_function_can_be_imported_in_its_image(
    engine: Engine, functions: dict[str, str]
) -> None:
    for name, image in functions.items():
        engine.docker(
            "run", "--rm", "--read-only", "--entrypoint=/venv/bin/python", image, "-c",
            f"import groundwork_functions.{name}.handler, awslambdaric.bootstrap, boto3",
        )  # fmt: skip


def test_the_fetchers_image_runs_what_opens_addresses_of_users(
    engine: Engine, images: dict[str, str]
) -> None:
    given = json.loads(
        engine.docker("image", "inspect", "-f", "{{json .Config.Env}}", images["fetch"])
    )
    assert "GROUNDWORK_FUNCTIONS=Fetch,Webhooks" in given


def test_every_image_has_a_list_of_its_parts(engine: Engine, images: dict[str, str]) -> None:
    try:
        syft = shutil.which("syft") or str(
            go_tool("syft", "github.com/anchore/syft/cmd/syft", "syft")
        )
    except NoEngine as error:
        pytest.skip(str(error))
    run(["make", "sbom", f"SYFT={syft}"], cwd=ROOT, env=dict(engine.environment))

    for name in images:
        found = json.loads((ROOT / "dist" / f"groundwork-{name}.cdx.json").read_text())
        parts = {part["name"] for part in found["components"]}
        assert {"pydantic", "psycopg", "libc6"} <= parts, name
        assert not {"bash", "apt"} <= parts, name
