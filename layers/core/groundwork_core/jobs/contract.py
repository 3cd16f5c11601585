"""The contract name of job messages, and the pattern of a job's kind."""

from __future__ import annotations

from typing import Literal

JobContract = Literal["groundwork/job/1"]
JOB_CONTRACT: JobContract = "groundwork/job/1"
KIND_PATTERN = r"^[a-z][a-z0-9_]{0,62}$"
