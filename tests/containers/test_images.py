"""Every image is small, has no shell, runs as nobody on a read-only root, and can be listed."""

import json
import shutil
from typing import Any

import pytest
from packaging.utils import canonicalize_name

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


def test_an_image_runs_as_an_unprivileged_user_who_can_write_nowhere(
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


def test_an_image_has_the_packages_that_its_function_alone_needs(
    engine: Engine, functions: dict[str, str]
) -> None:
    """They are imported at the first page or text only."""
    asked = {
        "fetch": "import trafilatura, lxml_html_clean",
        "document_marks": "from groundwork_data.languages import most_probable as m;"
        " assert m('Dies ist ein deutscher Satz.')[0] == 'de'",
    }
    for name, code in asked.items():
        python = ("run", "--rm", "--entrypoint=/venv/bin/python")
        engine.docker(*python, functions[name], "-c", code)
        # Another function's image has them not: the images differ.
        with pytest.raises(RuntimeError):
            engine.docker(*python, functions["relay"], "-c", code)


def test_the_fetchers_image_runs_what_opens_addresses_of_users(
    engine: Engine, images: dict[str, str]
) -> None:
    given = json.loads(
        engine.docker("image", "inspect", "-f", "{{json .Config.Env}}", images["fetch"])
    )
    assert "GROUNDWORK_FUNCTIONS=Fetch,Webhooks" in given


def test_every_image_has_a_list_of_its_packages(engine: Engine, images: dict[str, str]) -> None:
    try:
        syft = shutil.which("syft") or str(
            go_tool("syft", "github.com/anchore/syft/cmd/syft", "syft")
        )
    except NoEngine as error:
        pytest.skip(str(error))
    run(["make", "sbom", f"SYFT={syft}"], cwd=ROOT, env=dict(engine.environment))

    for name, image in images.items():
        found = json.loads((ROOT / "dist" / f"groundwork-{name}.cdx.json").read_text())
        assert python_packages(found) == installed(engine, image), name
        debian = {part["name"] for part in parts(found, "deb")}
        assert {"libc6", "libssl3", "ca-certificates"} <= debian, name
        assert not {"bash", "dash", "apt", "dpkg", "coreutils", "perl-base"} & debian, name


def parts(found: dict[str, Any], kind: str) -> list[dict[str, str]]:
    return [part for part in found["components"] if part.get("purl", "").startswith(f"pkg:{kind}/")]


def python_packages(found: dict[str, Any]) -> dict[str, str]:
    return {canonicalize_name(part["name"]): part["version"] for part in parts(found, "pypi")}


def installed(engine: Engine, image: str) -> dict[str, str]:
    asked = (
        "import json; from importlib.metadata import distributions as d; "
        "print(json.dumps({one.name: one.version for one in d()}))"
    )
    listed = engine.docker("run", "--rm", "--entrypoint=/venv/bin/python", image, "-c", asked)
    return {canonicalize_name(name): version for name, version in json.loads(listed).items()}
