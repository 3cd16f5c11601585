"""The JSON Schemas of docs/contracts, generated from the models."""

from __future__ import annotations

import json

from pydantic import BaseModel

from groundwork_core.exports.model import ExportManifest
from groundwork_core.jobs.model import JobMessage
from groundwork_core.knowledge.model import ExtractionResult
from groundwork_core.knowledge.result_2 import ExtractionResult2
from groundwork_core.publishing.distribution_message import DistributionMessage

DIALECT = "https://json-schema.org/draft/2020-12/schema"
CONTRACTS: dict[str, type[BaseModel]] = {
    "job-1": JobMessage,
    "extraction-result-1": ExtractionResult,
    "extraction-result-2": ExtractionResult2,
    "distribution-1": DistributionMessage,
    "export-1": ExportManifest,
}


def schema_of(name: str) -> str:
    """Return the text of docs/contracts/<name>.json."""
    model = CONTRACTS[name]
    schema = {"$schema": DIALECT, "$id": f"urn:groundwork:contract:{name}"}
    schema |= model.model_json_schema(by_alias=True, mode="validation")
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
