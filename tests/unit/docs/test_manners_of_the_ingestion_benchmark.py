"""The server of the ingestion benchmark sees bad manners."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
CHECK = """
from benchmarks.ingestion.manners import Manners

now = 0.0
def visited(*visits):
    global now
    manners = Manners(lambda: now)
    for begins, status in visits:
        now = begins
        manners.begins("a.example", "/feed")
        now += 0.1
        manners.ends("a.example", status, now)
    return manners.seen

good = visited((0.0, 200), (1.2, 200), (5.0, 200))
assert (good.most_of_one_host, good.gaps, good.short_gaps) == (1, 2, 0), good
hasty = visited((0.0, 200), (0.6, 200), (2.0, 200))
assert (hasty.gaps, hasty.short_gaps, round(hasty.shortest_gap, 3)) == (2, 1, 0.5), hasty
# The request that a redirect asks for needs no pause.
assert visited((0.0, 301), (0.1, 200)).gaps == 0
both = Manners()
both.begins("a.example", "/1")
both.begins("b.example", "/1")
assert (both.seen.most_of_one_host, both.seen.most_of_all) == (1, 2), both.seen
both.begins("a.example", "/2")
assert both.seen.most_of_one_host == 2, both.seen
"""


def test_short_pauses_and_requests_at_a_time_are_seen() -> None:
    # The repository's root, which holds benchmarks, is not on the tests' import path.
    done = subprocess.run(
        [sys.executable, "-c", CHECK], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
