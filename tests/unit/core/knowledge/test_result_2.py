"""Validation of results of version 2, and conversion of those of version 1."""

import json
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from groundwork_core.errors import Invalid
from groundwork_core.knowledge.model import ExtractionResult
from groundwork_core.knowledge.read_result import read_result

from .test_contracts import RESULT, RESULT_2

ENTITY = RESULT["entities"][0]
EMBEDDING = {"subject": "a", "model": "m", "vector": [1.0, 2.0]}


def embedded(**fields: object) -> dict[str, Any]:
    return {"embeddings": [{**EMBEDDING, **fields}]}


HOSTILE: dict[str, dict[str, Any]] = {
    "an embedding of nobody": embedded(subject="nobody"),
    "an embedding of a relationship": embedded(subject="r"),
    "a vector without dimensions": embedded(vector=[]),
    "a vector of too many dimensions": embedded(vector=[1.0] * 4_001),
    "a zero vector": embedded(vector=[0, 0]),
    "a vector that is zero in single precision": embedded(vector=[1e-60]),
    "a number beyond single precision": embedded(vector=[1e39]),
    "not a number": embedded(vector=[float("nan")]),
    "infinity": embedded(vector=[float("inf")]),
    "a flag as number": embedded(vector=[True]),
    "a text as number": embedded(vector=["1"]),
    "a vector in a vector": embedded(vector=[[1.0]]),
    "a vector as text": embedded(vector="[1]"),
    "no vector": {"embeddings": [{"subject": "a", "model": "m"}]},
    "a model without name": embedded(model=""),
    "a model name with a quote": embedded(model="m' OR 1=1 --"),
    "a model name of 201 characters": embedded(model="m" * 201),
    "a model name with a line break": embedded(model="m\n"),
    "two vectors of one subject by one model": {"embeddings": [EMBEDDING, EMBEDDING]},
    "vectors of two sizes by one model": {
        "embeddings": [EMBEDDING, {"subject": "b", "model": "m", "vector": [1.0]}]
    },
    "a ref that is used twice": {"entities": [ENTITY, ENTITY]},
    "a relationship to nobody": {"relationships": [{"from": "a", "to": "x", "type": "KNOWS"}]},
    "a mention of nobody": {"mentions": [{"ref": "x"}]},
    "evidence of 1,001 characters": {"entities": [{**ENTITY, "evidence": "e" * 1_001}]},
    "evidence with NUL": {"entities": [{**ENTITY, "evidence": "\0"}]},
    "a confidence of more than 1": {"entities": [{**ENTITY, "confidence": 1.01}]},
    "a confidence that is none": {"entities": [{**ENTITY, "confidence": float("nan")}]},
    "a stated_by without model": {"stated_by": {"version": "1"}},
    "a stated_by that is a text": {"stated_by": "gpt"},
    "a stated_by with more": {"stated_by": {"model": "m", "surprise": 1}},
    "a stated_by of 201 characters": {"stated_by": {"model": "m" * 201}},
    "a version of 101 characters": {"stated_by": {"model": "m", "version": "1" * 101}},
    "part 0": {"part": 0},
    "part 1,001": {"part": 1_001},
    "a part that is a text": {"part": "1"},
    "a partial that is a number": {"partial": 1},
    "a part without its lease": {"lease_token": None},
    "5,001 entities": {
        "entities": [{**ENTITY, "ref": str(n), "key": str(n)} for n in range(5_001)]
    },
    "5,001 mentions": {"mentions": [{"ref": "a", "role": str(n)} for n in range(5_001)]},
}
WITHOUT_REFS: dict[str, Any] = {"relationships": [], "mentions": [], "embeddings": []}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_result_is_refused(name: str) -> None:
    fields = HOSTILE[name]
    base = RESULT_2 if "entities" not in fields else {**RESULT_2, **WITHOUT_REFS}
    with pytest.raises(ValidationError):
        read_result({**base, **fields})


def test_a_limit_is_named() -> None:
    with pytest.raises(ValidationError, match="at most 5000"):
        read_result({**RESULT_2, **HOSTILE["5,001 mentions"]})


@pytest.mark.parametrize("contract", ["groundwork/extraction-result/3", "", None, 2, [], {}])
def test_an_unknown_version_is_refused_with_the_known_ones(contract: object) -> None:
    with pytest.raises(Invalid) as refused:
        read_result({**RESULT_2, "contract": contract})
    (fault,) = refused.value.faults
    assert fault.pointer == "/contract"
    assert "extraction-result/1, groundwork/extraction-result/2" in fault.detail


@pytest.mark.parametrize("field", ["embeddings", "stated_by", "part", "partial"])
def test_the_first_version_knows_nothing_of_the_second(field: str) -> None:
    assert isinstance(read_result(RESULT), ExtractionResult)
    with pytest.raises(ValidationError):
        read_result({**RESULT, field: RESULT_2[field]})


def test_a_relationship_of_an_entity_with_itself_is_accepted() -> None:
    edge = {"from": "a", "to": "a", "type": "QUOTES", "evidence": "as I said"}
    result = read_result({**RESULT_2, "relationships": [edge], "mentions": []})
    assert result.relationships[0].from_ref == result.relationships[0].to_ref


def test_a_whole_result_needs_no_lease() -> None:
    whole = {**RESULT_2, "partial": False, "part": None, "lease_token": None}
    assert read_result(json.loads(json.dumps(whole))).lease_token is None
    assert read_result({**whole, "lease_token": str(uuid4()), "part": 1}).lease_token
