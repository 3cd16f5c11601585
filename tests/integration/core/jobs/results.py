"""Results of jobs that state one entity."""

from .conftest import Office

ENTITY = {"ref": "a", "type": "topic", "name": "Tides"}
CALLS: dict[str, dict[str, object]] = {
    "status": {"progress": 0.5},
    "results": {"result": {"entities": []}},
    "failure": {"class": "internal", "message": "why"},
    "release": {},
    "defer": {"reference": "batch 1", "check_after_seconds": 60},
}


def result_of(key: str) -> dict[str, object]:
    return {"entities": [{**ENTITY, "key": key}]}


def entities(office: Office, key: str) -> int:
    return len(office.rest("GET", "/api/v1/entities", query={"key": key}).json["items"])
