"""Spans of requests and of functions' events, in the form of Zipkin.

A trace is passed on in X-Ray's header: `Root=1-<8 hex>-<24 hex>;Parent=<span>;Sampled=1`. Zipkin's
id of the trace is the same without the `1-` and the hyphen.
"""

import re
from collections import deque
from collections.abc import Iterable, Mapping
from time import monotonic, time

from groundwork_lambda_host.environments.tracing import new_trace

MOST_KEPT = 4000
_EACH_SECOND = 10
_THEN_ONE_OF = 20
_ROOT = re.compile(r"(?:^|;)Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;|$)")
_PARENT = re.compile(r"(?:^|;)Parent=([0-9a-f]{16})(?:;|$)")
_SAMPLED = re.compile(r"(?:^|;)Sampled=([01])(?:;|$)")

Span = dict[str, object]


class Spans:
    """Collects spans until `take` returns them; the oldest are dropped if they are too many."""

    def __init__(self) -> None:
        self._dropped = 0
        self._kept: deque[Span] = deque(maxlen=MOST_KEPT)
        self._second, self._in_second = 0, 0

    def begin(self, header: str) -> tuple[str, str]:
        """Begin a span in the trace of a header, or in a new trace.

        Returns:
            The header for what the span calls, whose `Parent` is the id of the span; and the id of
            the span's own parent, empty if it is the first of its trace.
        """
        own = new_trace()
        root = _ROOT.search(header)
        if root is None:
            sampled = self._samples_one_more()
            return (own.replace("Sampled=0", "Sampled=1") if sampled else own), ""
        parent, decided = _PARENT.search(header), _SAMPLED.search(header)
        sampled = decided[1] == "1" if decided else self._samples_one_more()
        id_ = own.partition("Parent=")[2][:16]
        passed_on = f"Root={root[1]};Parent={id_};Sampled={int(sampled)}"
        return passed_on, parent[1] if parent else ""

    def end(
        self,
        header: str,
        parent: str,
        *,
        service: str,
        name: str,
        seconds: float,
        tags: Mapping[str, str],
    ) -> None:
        """Keep a span that ends now, if its trace is sampled.

        Args:
            header: The header that `begin` returned.
            parent: The parent that `begin` returned.
            service: Name of what did the work.
            name: Name of the work.
            seconds: How long it took.
            tags: Further properties; `error` marks a failure.
        """
        if not header.endswith("Sampled=1"):
            return
        root, own, _ = (part.partition("=")[2] for part in header.split(";"))
        span: Span = {
            "traceId": root[2:].replace("-", ""),
            "id": own,
            "name": name,
            "kind": "SERVER",
            "timestamp": int((time() - seconds) * 1_000_000),
            "duration": max(1, int(seconds * 1_000_000)),
            "localEndpoint": {"serviceName": service},
            "tags": tags,
        }
        if parent:
            span["parentId"] = parent
        self._keep(span)

    def take(self) -> tuple[list[Span], int]:
        """Return the kept spans and the number of dropped ones, and begin anew."""
        taken = list(self._kept), self._dropped
        self._kept.clear()
        self._dropped = 0
        return taken

    def give_back(self, spans: Iterable[Span]) -> None:
        """Keep spans again that could not be sent."""
        newer = list(self._kept)
        self._kept.clear()
        for span in (*spans, *newer):
            self._keep(span)

    def _keep(self, span: Span) -> None:
        self._dropped += len(self._kept) == MOST_KEPT
        self._kept.append(span)

    def _samples_one_more(self) -> bool:
        """Return whether to sample a new trace: the first of each second, then one of some."""
        second = int(monotonic())
        if second != self._second:
            self._second, self._in_second = second, 0
        self._in_second += 1
        return self._in_second <= _EACH_SECOND or self._in_second % _THEN_ONE_OF == 0
