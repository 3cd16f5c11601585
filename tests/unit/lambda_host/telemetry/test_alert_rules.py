"""Alert rules use metrics that /metrics shows, and name runbook sections that exist."""

import ast
import json
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry
from tests.prometheus_rules import FOLDER, Alert, alerts

from groundwork_lambda_host.telemetry import FunctionStats, Telemetry
from groundwork_lambda_host.telemetry.stats import Durations
from groundwork_runtime import metrics

ROOT = Path(__file__).parents[4]
ALERTS = alerts()
NAME = re.compile(r"\b(groundwork_\w+)(?:{([^}]*)})?")
LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
OF_PROMETHEUS = {"job", "instance"}


@dataclass
class Pool:
    stats: FunctionStats = field(default_factory=FunctionStats)
    size: int = 1
    busy: int = 0
    waiting: int = 0


@dataclass
class Gateway:
    responses: list[int] = field(default_factory=lambda: [1] * 600)
    durations: Durations = field(default_factory=Durations)


class NotLiteral(Exception):
    """A metric whose name or unit is worked out: no test can know what /metrics shows."""


def emitted(source: str) -> Iterator[tuple[str, metrics.Unit, list[str]]]:
    """The metrics of a module: name, unit, dimensions. Raises NotLiteral."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        if ast.unparse(node.func) not in {"metrics.emit", "emit"}:
            continue
        try:
            name, _, *unit = node.args
            stated: metrics.Unit = ast.literal_eval(unit[0]) if unit else "Count"
            yield str(ast.literal_eval(name)), stated, [str(one.arg) for one in node.keywords]
        except ValueError as error:
            raise NotLiteral(ast.unparse(node)) from error


def emits() -> Iterator[tuple[str, metrics.Unit, list[str]]]:
    """The application's metrics as its source has them."""
    for folder in ("functions", "layers"):
        for path in (ROOT / folder).rglob("*.py"):
            yield from emitted(path.read_text())


@pytest.fixture(scope="module")
def shown() -> dict[str, set[str]]:
    """Every name that /metrics can show, with its labels. Reads all sources: once, for 1 s."""
    telemetry = Telemetry()
    telemetry.watch({"Relay": Pool()}, Gateway())
    telemetry.queue("FetchQueue", {"visible": 0}, 0.0)
    written = StringIO()
    with redirect_stdout(written):
        for name, unit, dimensions in emits():
            metrics.emit(name, 1, unit, **dict.fromkeys(dimensions, "any"))
    for line in written.getvalue().splitlines():
        assert json.loads(line)
        telemetry.application.take(line.encode())
    return samples(telemetry.registry)


def samples(registry: CollectorRegistry) -> dict[str, set[str]]:
    return {
        sample.name: set(sample.labels)
        for family in registry.collect()
        for sample in family.samples
    }


def unknown(expression: str, shown: dict[str, set[str]]) -> set[str]:
    """The names and labels of an expression that nobody shows."""
    found: set[str] = set()
    for name, selector in NAME.findall(expression):
        if name not in shown:
            found.add(name)
            continue
        labels = set(LABEL.findall(selector)) - OF_PROMETHEUS
        found |= {f"{name}{{{label}}}" for label in labels - shown[name]}
    return found


def test_every_metric_has_a_name_that_can_be_read() -> None:
    names = {name for name, _, _ in emits()}
    assert {"SchedulerClaimed", "SchedulerClosed", "relay_rows", "PoisonMessages"} <= names


@pytest.mark.parametrize(
    "source",
    [
        'metrics.emit("Scheduler" + name, 1)',
        "metrics.emit(NAME, 1)",
        'metrics.emit(f"a_{b}", 1)',
        'emit("a", 1, unit)',
    ],
)
def test_a_metric_with_a_computed_name_is_noticed(source: str) -> None:
    with pytest.raises(NotLiteral):
        list(emitted(source))


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_a_rule_names_only_metrics_that_exist(alert: Alert, shown: dict[str, set[str]]) -> None:
    assert unknown(alert.expression, shown) == set()


@pytest.mark.parametrize(
    ("expression", "wrong"),
    [
        ("max(groundwork_graph_drifts) > 0", "groundwork_graph_drifts"),
        ("rate(groundwork_relay_lag_seconds_total[5m])", "groundwork_relay_lag_seconds_total"),
        ('groundwork_graph_drift{sort="stale"}', "groundwork_graph_drift{sort}"),
    ],
)
def test_a_misspelt_metric_or_label_is_noticed(
    expression: str, wrong: str, shown: dict[str, set[str]]
) -> None:
    assert unknown(expression, shown) == {wrong}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_has_a_severity_and_a_runbook_section(alert: Alert) -> None:
    assert alert.labels["severity"] in {"warning", "page"}
    assert alert.annotations["summary"]
    assert alert.annotations["description"]
    path, anchor = alert.annotations["runbook"].split("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / path).read_text(), re.MULTILINE)
    assert anchor in {heading.lower().replace(" ", "-") for heading in headings}
    assert anchor == alert.name.lower()


def test_every_alert_has_a_test() -> None:
    tested = {
        one["alertname"]
        for path in (FOLDER / "tests").glob("*.yml")
        for test in yaml.safe_load(path.read_text())["tests"]
        for one in test["alert_rule_test"]
    }
    assert tested == {alert.name for alert in ALERTS}
