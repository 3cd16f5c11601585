"""A running instance has the metrics that the alert rules use."""

import re

import httpx2
from tests.child_instance import Instance

from ..prometheus_rules import alerts
from ..waiting import eventually

ONLY_AFTER_A_FAILURE = {"groundwork_relay_failures_total"}


def missing(instance: Instance) -> set[str]:
    """Names in alert rules that /metrics does not show."""
    page = httpx2.get(f"{instance.url}/metrics").text
    shown = set(re.findall(r"^(groundwork_\w+)", page, re.MULTILINE))
    wanted = {name for one in alerts() for name in re.findall(r"groundwork_\w+", one.expression)}
    return wanted - shown - ONLY_AFTER_A_FAILURE


def test_a_running_instance_shows_every_metric_of_the_alert_rules(instance: Instance) -> None:
    """Those of a function that runs each minute come with its first run."""
    eventually(lambda: not missing(instance), within_seconds=90)
    assert missing(instance) == set()
