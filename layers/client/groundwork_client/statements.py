"""A result built from typed statements: entities, relationships, mentions, embeddings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NewType

EntityType = Literal[
    "person", "organization", "location", "event", "product", "work", "topic", "website", "other"
]
Ref = NewType("Ref", str)
"""The name of a statement within its result."""

DOCUMENT: Literal["document"] = "document"
"""The subject of an embedding of the job's document."""


@dataclass(frozen=True, slots=True)
class StatedBy:
    """The model that made a statement."""

    model: str
    version: str | None = None

    def as_json(self) -> dict[str, str]:
        """Return the contract's JSON."""
        return {"model": self.model} | ({"version": self.version} if self.version else {})


class Result:
    """A worker's statements about a document. Repeating a statement has no effect."""

    def __init__(self, stated_by: StatedBy | None = None) -> None:
        """`stated_by` is the author of every statement without an author of its own."""
        self._stated_by = stated_by
        self._entities: dict[tuple[str, str], dict[str, Any]] = {}
        self._relationships: dict[tuple[object, ...], dict[str, Any]] = {}
        self._mentions: dict[tuple[str, str], dict[str, Any]] = {}
        self._embeddings: dict[tuple[str, str], dict[str, Any]] = {}

    def __len__(self) -> int:
        """Return the number of statements."""
        return sum(len(part) for part in self._parts().values())

    def entity(
        self,
        kind: EntityType,
        *,
        key: str,
        name: str,
        confidence: float = 1.0,
        evidence: str = "",
        aliases: Sequence[str] = (),
        attributes: Mapping[str, Any] | None = None,
        stated_by: StatedBy | None = None,
    ) -> Ref:
        """State an entity, identified by type and key. Returns its ref for other statements."""
        stated = {"ref": f"entity:{len(self._entities)}", "type": kind, "key": key, "name": name}
        _add(stated, confidence=(confidence, 1.0), aliases=(list(aliases), []))
        _add(stated, attributes=(dict(attributes or {}), {}), evidence=(evidence, ""))
        _add(stated, stated_by=(_by(stated_by), None))
        return Ref(self._entities.setdefault((kind, key), stated)["ref"])

    def relationship(  # noqa: PLR0913 - the fields of the statement
        self,
        kind: str,
        start: Ref,
        end: Ref,
        *,
        confidence: float = 1.0,
        evidence: str = "",
        valid_from: datetime | None = None,
        valid_to: datetime | None = None,
        attributes: Mapping[str, Any] | None = None,
        stated_by: StatedBy | None = None,
    ) -> Ref:
        """State a relationship from `start` to `end`; returns its ref."""
        ref = f"relationship:{len(self._relationships)}"
        stated: dict[str, Any] = {"ref": ref, "type": kind, "from": start, "to": end}
        _add(stated, confidence=(confidence, 1.0), attributes=(dict(attributes or {}), {}))
        _add(stated, evidence=(evidence, ""), stated_by=(_by(stated_by), None))
        _add(stated, valid_from=(_time(valid_from), None), valid_to=(_time(valid_to), None))
        known = self._relationships.setdefault((kind, start, end, valid_from), stated)
        return Ref(known["ref"])

    def mention(
        self,
        ref: Ref,
        *,
        role: str = "",
        evidence: str = "",
        confidence: float | None = None,
        stated_by: StatedBy | None = None,
    ) -> None:
        """State that the document mentions an entity or a relationship; `evidence` has the words.

        Without `confidence`, the mention has that of its entity or relationship.
        """
        stated: dict[str, Any] = {"ref": ref}
        _add(stated, role=(role, ""), evidence=(evidence, ""), confidence=(confidence, None))
        _add(stated, stated_by=(_by(stated_by), None))
        self._mentions.setdefault((ref, role), stated)

    def embedding(
        self, vector: Sequence[float], *, model: str, subject: Ref | Literal["document"] = DOCUMENT
    ) -> None:
        """Add the vector of the document, or of an entity of this result."""
        stated = {"subject": subject, "model": model, "vector": [float(one) for one in vector]}
        self._embeddings[subject, model] = stated

    def as_json(self) -> dict[str, Any]:
        """Return the result as JSON, as `docs/contracts` describes it."""
        stated: dict[str, Any] = {"entities": []}
        stated |= {name: part for name, part in self._parts().items() if part}
        _add(stated, stated_by=(_by(self._stated_by), None))
        return stated

    def _parts(self) -> dict[str, list[dict[str, Any]]]:
        return {
            "entities": list(self._entities.values()),
            "relationships": list(self._relationships.values()),
            "mentions": list(self._mentions.values()),
            "embeddings": list(self._embeddings.values()),
        }


def _add(stated: dict[str, Any], **given: tuple[object, object]) -> None:
    """Add values that differ from the contract's defaults."""
    stated.update({name: value for name, (value, assumed) in given.items() if value != assumed})


def _by(stated_by: StatedBy | None) -> dict[str, str] | None:
    return stated_by.as_json() if stated_by else None


def _time(moment: datetime | None) -> str | None:
    if moment is not None and moment.tzinfo is None:
        raise ValueError("a time needs its time zone")
    return moment.isoformat() if moment else None
