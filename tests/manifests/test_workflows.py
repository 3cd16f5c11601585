"""The workflows pass zizmor; one that takes text of strangers into a shell does not."""

import re
import shlex
import subprocess
from pathlib import Path

import yaml

from .conftest import ROOT

WORKFLOWS = ROOT / ".github" / "workflows"


def _zizmor(tools: Path, *paths: Path) -> "subprocess.CompletedProcess[str]":
    command = [
        str(tools / "zizmor"),
        "--offline",
        "--quiet",
        "--no-progress",
        "--",
        *map(str, paths),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_workflows_are_clean(tools: Path) -> None:
    done = _zizmor(tools, *WORKFLOWS.glob("*.yaml"))
    assert done.returncode == 0, done.stdout


def test_a_workflow_that_runs_a_title_is_not_clean(tools: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(
        "on: pull_request_target\n"
        "jobs:\n"
        "  one:\n"
        "    runs-on: ubuntu-24.04\n"
        "    steps:\n"
        "      - run: echo ${{ github.event.pull_request.title }}\n"
    )
    assert _zizmor(tools, bad).returncode != 0


def test_every_step_of_the_pipeline_can_be_run_by_hand() -> None:
    """A step of several commands is a make target or a script, so that a laptop can run it."""
    targets = set(
        re.findall(r"^([a-z][a-z-]*)(?: [a-z-]+)*:", (ROOT / "Makefile").read_text(), re.M)
    )
    for workflow in WORKFLOWS.glob("*.yaml"):
        for job in yaml.safe_load(workflow.read_text())["jobs"].values():
            for step in job["steps"]:
                lines = step.get("run", "").strip().splitlines()
                assert len(lines) <= 1, f"{workflow.name}: {lines}"
                words = shlex.split(lines[0]) if lines else []
                if words[:1] == ["make"]:
                    asked = {word for word in words[1:] if "=" not in word}
                    assert asked <= targets, f"{workflow.name}: {asked - targets}"
