"""A comparison under way, and its form in JSON, so that it can be gone on with after a kill."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from groundwork_core.knowledge.graph.model import Id
from groundwork_data.graph.drift import Report
from groundwork_data.graph.expected_rows import Aggregate, Stage
from groundwork_data.graph.slices import Place, SlicePair


@dataclass(slots=True)
class Check:
    """Where it is, what it has counted, and what it must look at again."""

    place: Place = field(default_factory=Place)
    report: Report = field(default_factory=Report)
    suspects: dict[Aggregate, list[Id]] = field(
        default_factory=lambda: {"entities": [], "relationships": []}
    )

    def count(self, pair: SlicePair) -> int:
        """Note that a slice is done; return how many of its kind are done by now."""
        self.place = pair.place
        if pair.stage.aggregate == "entities":
            self.report.entities += len(pair.expected.rows)
            return self.report.entities
        self.report.relationships += len(pair.expected.rows)
        return self.report.relationships

    def as_json(self) -> dict[str, Any]:
        """Return what `from_json` takes. Drift is decided at the end, so there is none yet."""
        return {
            "place": asdict(self.place),
            "entities": self.report.entities,
            "relationships": self.report.relationships,
            "seconds": self.report.seconds,
            "suspects": self.suspects,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Check:
        """Read it back. Raises KeyError or TypeError where it is not of this form."""
        place = Place(Stage(**kept["place"]["stage"]), kept["place"]["after"])
        report = Report(
            entities=kept["entities"],
            relationships=kept["relationships"],
            seconds=kept["seconds"],
        )
        suspects: dict[Aggregate, list[Id]] = {
            "entities": list(kept["suspects"]["entities"]),
            "relationships": list(kept["suspects"]["relationships"]),
        }
        return cls(place, report, suspects)


Remember = Callable[[Check], None]
"""Told after every slice; what it keeps lets a check that was killed go on."""


def forget(_check: Check) -> None:
    """Keep nothing."""
