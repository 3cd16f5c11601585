import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import jsonschema
import pytest
from pydantic import ValidationError

from groundwork_core.knowledge.contracts import CONTRACTS, schema_of

FOLDER = Path(__file__).parents[4] / "docs" / "contracts"

RESULT: dict[str, Any] = {
    "contract": "groundwork/extraction-result/1",
    "job_id": str(uuid4()),
    "attempt": 1,
    "worker": "w/1",
    "entities": [
        {"ref": "a", "type": "person", "key": "k", "name": "n", "attributes": {"x": [1, None]}},
        {"ref": "b", "type": "topic", "key": "k", "name": "n", "confidence": 0.5, "aliases": ["m"]},
    ],
    "relationships": [
        {"ref": "r", "from": "a", "to": "b", "type": "KNOWS", "valid_from": "2026-01-01T00:00:00Z"}
    ],
    "mentions": [{"ref": "a", "role": "author", "evidence": "by n"}, {"ref": "r"}],
}
RESULT_2: dict[str, Any] = {
    **RESULT,
    "contract": "groundwork/extraction-result/2",
    "lease_token": str(uuid4()),
    "stated_by": {"model": "vendor/model", "version": "2026-11"},
    "part": 2,
    "partial": True,
    "entities": [
        {**RESULT["entities"][0], "evidence": "by n", "stated_by": {"model": "other"}},
        RESULT["entities"][1],
    ],
    "embeddings": [
        {"subject": "document", "model": "vendor/small-2", "vector": [0.5, -1, 3e8]},
        {"subject": "a", "model": "vendor/small-2", "vector": [1, 0, 0]},
    ],
}
JOB: dict[str, Any] = {
    "contract": "groundwork/job/1",
    "job_id": str(uuid4()),
    "kind": "extract",
    "attempt_hint": 2,
    "payload": {"document_id": str(uuid4()), "revision": 1},
}
DISTRIBUTION: dict[str, Any] = {
    "contract": "groundwork/distribution/1",
    "distribution_id": str(uuid4()),
    "channel": "email",
    "spec": {"user_ids": []},
    "scheduled_at": None,
    "content": {"id": str(uuid4()), "version": 2, "title": "t", "format": "markdown", "url": "/"},
    "callback_url": "/api/v1/deliveries/callbacks",
    "preferences": {str(uuid4()): {"digest": "daily"}},
    "quiet_hours": {str(uuid4()): {"quiet": True, "until": "2026-01-01T06:00:00Z", "fault": None}},
}
EXPORT: dict[str, Any] = {
    "contract": "groundwork/export/1",
    "run_id": str(uuid4()),
    "schedule_id": str(uuid4()),
    "resource": "documents",
    "snapshot_at": "2026-01-01T06:00:00Z",
    "since": None,
    "rows": 2,
    "bytes": 90,
    "files": [{"key": "exports/x-1/part-00000.ndjson.gz", "rows": 2, "bytes": 90, "sha256": "ab"}],
}
GOOD = {
    "extraction-result-1": RESULT,
    "extraction-result-2": RESULT_2,
    "job-1": JOB,
    "distribution-1": DISTRIBUTION,
    "export-1": EXPORT,
}


@pytest.mark.parametrize("name", list(CONTRACTS))
def test_the_published_schema_is_the_models(name: str) -> None:
    assert (FOLDER / f"{name}.json").read_text() == schema_of(name)


@pytest.mark.parametrize("name", list(CONTRACTS))
def test_the_schema_is_valid_and_accepts_what_the_model_accepts(name: str) -> None:
    schema = json.loads(schema_of(name))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(GOOD[name], schema)
    CONTRACTS[name].model_validate_json(json.dumps(GOOD[name]))


BAD: list[tuple[str, dict[str, Any]]] = [
    ("job-1", {"kind": "Extract!"}),
    ("job-1", {"job_id": 7}),
    ("job-1", {"payload": []}),
    ("job-1", {"contract": "groundwork/job/2"}),
    ("job-1", {"contract": None}),
    ("distribution-1", {"contract": "groundwork/distribution/2"}),
    ("distribution-1", {"content": {}}),
    ("distribution-1", {"preferences": {"u": 1}}),
    ("export-1", {"contract": "groundwork/export/2"}),
    ("export-1", {"resource": "users"}),
    ("export-1", {"files": [{}]}),
    ("extraction-result-1", {"attempt": 0}),
    ("extraction-result-1", {"worker": ""}),
    ("extraction-result-1", {"extra": 1}),
    ("extraction-result-1", {"entities": [{"ref": "a", "type": "person", "key": "k"}]}),
    ("extraction-result-1", {"entities": [{**RESULT["entities"][0], "confidence": 1.1}]}),
    ("extraction-result-1", {"entities": [{**RESULT["entities"][0], "key": ""}]}),
    ("extraction-result-1", {"entities": [{**RESULT["entities"][0], "name": "a\0b"}]}),
    ("extraction-result-1", {"relationships": [{"from": "a", "to": "b", "type": "knows"}]}),
    ("extraction-result-1", {"mentions": [{"role": "author"}]}),
]


@pytest.mark.parametrize(("name", "change"), BAD)
def test_schema_and_model_refuse_the_same(name: str, change: dict[str, Any]) -> None:
    bad = {**GOOD[name], **change}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(bad, json.loads(schema_of(name)))
    with pytest.raises(ValidationError):
        CONTRACTS[name].model_validate_json(json.dumps(bad))


@pytest.mark.parametrize(
    "change",
    [
        {"mentions": [{"ref": "nobody"}]},
        {"relationships": [{"from": "a", "to": "nobody", "type": "KNOWS"}]},
        {"entities": [RESULT["entities"][0], RESULT["entities"][0]], "relationships": []},
        {
            "relationships": [
                {
                    "from": "a",
                    "to": "b",
                    "type": "KNOWS",
                    "valid_from": "2026-01-02T00:00:00Z",
                    "valid_to": "2026-01-01T00:00:00Z",
                }
            ]
        },
    ],
)
def test_the_model_also_checks_what_a_schema_cannot(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CONTRACTS["extraction-result-1"].model_validate_json(json.dumps({**RESULT, **change}))
