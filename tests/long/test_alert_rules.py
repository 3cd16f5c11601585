"""Prometheus' own tool: the rules are sound, and each alert fires when it should and only then."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from ..prometheus_rules import FOLDER, Alert, alerts, rules_in

pytestmark = pytest.mark.long

ALERTS = alerts()
NEVER, ALWAYS = "vector(1) > 1", "vector(1)"


def promtool(*arguments: str | Path, expect: int = 0) -> None:
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip("promtool is not installed; it is in Debian's package prometheus")
    done = subprocess.run([tool, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == expect, done.stdout + done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy, with the file that a deployment adds."""
    copy = tmp_path / "prometheus"
    shutil.copytree(FOLDER, copy)
    (copy / "metrics-token").touch()
    return copy


def test_promtool_accepts_the_configuration_and_the_rules(folder: Path) -> None:
    promtool("check", "config", folder / "prometheus.yml")


def test_promtool_refuses_a_rule_with_a_syntax_error(folder: Path) -> None:
    rules = folder / "rules" / "graph.yml"
    rules.write_text(rules.read_text().replace("max by (kind)", "max by kind"))
    promtool("check", "config", folder / "prometheus.yml", expect=1)


@pytest.mark.parametrize("file", sorted({alert.file for alert in ALERTS}))
def test_every_alert_fires_when_it_should_and_only_then(file: str) -> None:
    promtool("test", "rules", FOLDER / "tests" / file)


@pytest.mark.parametrize("expression", [NEVER, ALWAYS], ids=["never", "always"])
@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_that_never_or_always_fires_fails_its_test(
    folder: Path, alert: Alert, expression: str
) -> None:
    rules = folder / "rules" / alert.file
    document = yaml.safe_load(rules.read_text())
    for rule in rules_in(document):
        if rule["alert"] == alert.name:
            rule["expr"] = expression
    rules.write_text(yaml.safe_dump(document))
    promtool("test", "rules", folder / "tests" / alert.file, expect=1)
