import json

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from groundwork_lambda_host.telemetry import Telemetry
from groundwork_lambda_host.telemetry.application import ApplicationMetrics
from groundwork_lambda_host.telemetry.emf import NotMetrics, Point, points_of
from groundwork_lambda_host.telemetry.gauges import FRESH_SECONDS, ExpiringGauge


def line(name: str = "Stored", unit: str = "Count", value: object = 1, **dimensions: str) -> bytes:
    head = {
        "Timestamp": 1,
        "CloudWatchMetrics": [
            {
                "Namespace": "Groundwork",
                "Dimensions": [sorted(dimensions)],
                "Metrics": [{"Name": name, "Unit": unit}],
            }
        ],
    }
    return json.dumps({"_aws": head, **dimensions, name: value}).encode()


def shown(*lines: bytes) -> str:
    registry = CollectorRegistry()
    metrics = ApplicationMetrics(registry)
    for one in lines:
        metrics.take(one)
    return generate_latest(registry).decode()


def test_a_line_gives_one_point_for_each_value() -> None:
    points = points_of(line(value=[1, 2.5], kind="feed"))

    assert points == [
        Point("Groundwork", "Stored", "Count", (("kind", "feed"),), 1.0),
        Point("Groundwork", "Stored", "Count", (("kind", "feed"),), 2.5),
    ]


def test_only_the_largest_set_of_dimensions_is_used() -> None:
    emitted = json.loads(line(a="1", b="2"))
    emitted["_aws"]["CloudWatchMetrics"][0]["Dimensions"] = [[], ["a"], ["b", "a"]]

    (point,) = points_of(json.dumps(emitted).encode())

    assert point.dimensions == (("a", "1"), ("b", "2"))


@pytest.mark.parametrize(
    "bad",
    [
        b"{",
        b"[]",
        b"{}",
        b'{"_aws": 1}',
        b'{"_aws": {"CloudWatchMetrics": [{"Namespace": "N", "Metrics": [{"Name": "A"}]}]}}',
        line(value="many"),
        line(value=None),
    ],
)
def test_malformed_emf_is_refused(bad: bytes) -> None:
    with pytest.raises(NotMetrics):
        points_of(bad)


@pytest.mark.parametrize(
    ("emitted", "expected"),
    [
        (
            line("DocumentsStored", kind="feed"),
            'groundwork_documents_stored_total{kind="feed"} 1.0',
        ),
        (line("Took", "Milliseconds", 30), 'groundwork_took_seconds_bucket{le="0.05"} 1.0'),
        (line("Took", "Seconds", 2), "groundwork_took_seconds_sum 2.0"),
        (line("Lag", "Seconds", 700), 'groundwork_lag_seconds_bucket{le="900.0"} 1.0'),
        (line("Size", "Bytes", 10), "groundwork_size_bytes_sum 10.0"),
        (line("Lag", "None", 7), "groundwork_lag 7.0"),
        (line("Share", "Percent", 7), "groundwork_share 7.0"),
    ],
)
def test_the_unit_decides_the_kind_of_metric(emitted: bytes, expected: str) -> None:
    assert expected in shown(emitted)


def test_counters_add_up_and_gauges_take_the_last() -> None:
    page = shown(line(value=2), line(value=3), line("Lag", "None", 5), line("Lag", "None", 1))

    assert "groundwork_stored_total 5.0" in page
    assert "groundwork_lag 1.0" in page


def test_a_gauge_that_is_not_emitted_again_is_no_longer_shown() -> None:
    now = 0.0
    gauge = ExpiringGauge("drift", "Differences.", ("kind",), lambda: now)
    gauge.set(("stale",), 3)
    now = FRESH_SECONDS - 1
    gauge.set(("extra",), 1)

    def labels() -> list[dict[str, str]]:
        return [sample.labels for family in gauge.collect() for sample in family.samples]

    assert labels() == [{"kind": "stale"}, {"kind": "extra"}]
    now = FRESH_SECONDS + 1
    assert labels() == [{"kind": "extra"}]


def test_a_name_that_the_host_itself_has_is_refused() -> None:
    telemetry = Telemetry()
    telemetry.application.take(line("Sockets", "None", 7))
    page = generate_latest(telemetry.registry).decode()

    assert "groundwork_metric_lines_refused_total 1.0" in page
    assert "groundwork_sockets 0.0" in page


def test_an_id_among_the_dimensions_does_not_fill_the_memory() -> None:
    page = shown(*(line(id=str(number)) for number in range(1_010)))

    assert page.count("groundwork_stored_total{") == 1_000
    assert "groundwork_metric_lines_refused_total 10.0" in page


def test_a_bad_line_is_counted_and_harms_nothing() -> None:
    page = shown(b'{"_aws": 1}', line())

    assert "groundwork_metric_lines_refused_total 1.0" in page
    assert "groundwork_stored_total 1.0" in page
