"""Parse the query of a sum of engagements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import get_args

from groundwork_core.errors import Fault, Invalid
from groundwork_core.publishing.engagements import Bucket, EngagementQuery
from groundwork_core.resources.field_types import read_moment

BUCKETS: Mapping[str, Bucket] = {name: name for name in get_args(Bucket)}


def read_query(parameters: Mapping[str, Sequence[str]]) -> EngagementQuery:
    """Parse `bucket`, `from` and `to`. Raises Invalid with a pointer to each invalid one."""
    faults: list[Fault] = []
    times: dict[str, datetime] = {}
    bucket: Bucket | None = None
    for name, values in parameters.items():
        if len(values) > 1:
            faults.append(Fault(f"/{name}", "is given more than once"))
        elif name == "bucket":
            bucket = BUCKETS.get(values[-1])
            if bucket is None:
                faults.append(Fault("/bucket", f"must be one of {', '.join(BUCKETS)}"))
        elif name in ("from", "to"):
            try:
                times[name] = read_moment(values[-1])
            except ValueError as error:
                faults.append(Fault(f"/{name}", str(error)))
        else:
            faults.append(Fault(f"/{name}", "is not a parameter of this path"))
    if faults:
        raise Invalid("The query is invalid; see errors.", tuple(faults))
    return EngagementQuery(times.get("from"), times.get("to"), bucket)
