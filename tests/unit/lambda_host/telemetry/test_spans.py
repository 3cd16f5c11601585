"""Which trace a span belongs to, and which spans are kept."""

import re

import pytest

from groundwork_lambda_host.telemetry import spans as module
from groundwork_lambda_host.telemetry.spans import MOST_KEPT, Spans

ROOT = "1-5759e988-bd862e3fe1be46a994272793"
HEADER = re.compile(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=[01]")


def ended(spans: Spans, header: str, parent: str = "") -> None:
    spans.end(header, parent, service="fetch", name="invoke", seconds=0.25, tags={"cold": "true"})


def test_a_span_continues_the_trace_of_its_caller() -> None:
    spans = Spans()
    header, parent = spans.begin(f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1")
    assert HEADER.fullmatch(header)
    assert header.startswith(f"Root={ROOT};Parent=")
    assert parent == "53995c3f42cd8ad8"

    ended(spans, header, parent)
    (span,), dropped = spans.take()
    assert span["traceId"] == "5759e988bd862e3fe1be46a994272793"
    assert f"Parent={span['id']};" in header
    assert (span["parentId"], span["duration"], dropped) == (parent, 250_000, 0)
    assert spans.take() == ([], 0)


@pytest.mark.parametrize("header", ["", "nonsense", "Root=1-2-3;Sampled=1", f"Root={ROOT}x"])
def test_a_span_without_a_caller_begins_a_trace(header: str) -> None:
    spans = Spans()
    began, parent = spans.begin(header)
    assert HEADER.fullmatch(began)
    assert ROOT not in began
    assert began.endswith("Sampled=1")
    ended(spans, began, parent)
    ((span,), _) = spans.take()
    assert "parentId" not in span


def test_the_callers_decision_not_to_sample_is_kept() -> None:
    spans = Spans()
    header, parent = spans.begin(f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=0")
    ended(spans, header, parent)
    assert header.endswith("Sampled=0")
    assert spans.take() == ([], 0)
    # A caller that made no decision leaves it to us.
    assert spans.begin(f"Root={ROOT};Sampled=?")[0].endswith("Sampled=1")


def test_of_many_new_traces_some_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    spans = Spans()

    def sampled(of: int) -> int:
        return sum(spans.begin("")[0].endswith("Sampled=1") for _ in range(of))

    assert sampled(10) == 10
    assert sampled(1990) == 100
    now[0] += 1
    assert sampled(10) == 10


def test_the_oldest_spans_are_dropped_when_they_are_too_many() -> None:
    spans = Spans()
    header, parent = spans.begin(f"Root={ROOT};Sampled=1")
    for number in range(MOST_KEPT + 3):
        ended(spans, header, f"{number:016x}")
    kept, dropped = spans.take()
    assert (len(kept), dropped) == (MOST_KEPT, 3)
    assert kept[0]["parentId"] == f"{3:016x}"

    ended(spans, header, parent)
    spans.give_back(kept)
    again, dropped = spans.take()
    assert (again[:-1], dropped) == (kept[1:], 1)
