"""A worker of the fetch queue as a process, to be killed.

    python fetch_worker.py SOURCE_ID TICKET

Reads its database and targets from the variables of a function.
"""

import os
import sys
from uuid import UUID

from groundwork_core.sources.model import FetchDue
from groundwork_runtime.settings import Settings
from groundwork_runtime.wiring import Wiring

if __name__ == "__main__":
    parts = Wiring(Settings.from_environment(os.environ))
    due = FetchDue(source_id=UUID(sys.argv[1]), ticket=UUID(sys.argv[2]))
    for _, error in parts.fetch_sources([due]):
        print("recorded" if error is None else error, flush=True)
