"""The progress of a comparison, and its JSON form, from which it resumes after a crash."""

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
    """The place a comparison has reached, its counts, and the suspects to check again."""

    place: Place = field(default_factory=Place)
    report: Report = field(default_factory=Report)
    suspects: dict[Aggregate, list[Id]] = field(
        default_factory=lambda: {"entities": [], "relationships": []}
    )

    def count(self, pair: SlicePair) -> int:
        """Count a compared slice; return the number of rows compared so far of its aggregate."""
        self.place = pair.place
        if pair.stage.aggregate == "entities":
            self.report.entities += len(pair.expected.rows)
            return self.report.entities
        self.report.relationships += len(pair.expected.rows)
        return self.report.relationships

    def as_json(self) -> dict[str, Any]:
        """Parse the JSON form. Raises KeyError or TypeError if the value is not of this form."""
        return {
            "place": asdict(self.place),
            "entities": self.report.entities,
            "relationships": self.report.relationships,
            "seconds": self.report.seconds,
            "suspects": self.suspects,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Check:
        """Read the JSON form. Raises KeyError or TypeError if it is not of this form."""
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
"""Called after every slice; stores the progress, so that a killed check can resume."""


def forget(_check: Check) -> None:
    """Discard a progress report, for comparisons that cannot be resumed."""
