"""docs/cost.md has the figures of the cost model."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PRINT = """
from benchmarks.cost.model import SIZES, as_containers, as_functions, break_even_users
from benchmarks.cost.run import page
small, _, large = SIZES
assert sum(as_functions(small).values()) < sum(as_containers(small).values())
assert sum(as_functions(large).values()) > sum(as_containers(large).values())
assert small.users < break_even_users() < large.users
print(page(), end="")
"""


def test_the_page_is_what_the_model_says() -> None:
    # The repository's root, which holds benchmarks, is not on the tests' import path.
    done = subprocess.run(
        [sys.executable, "-c", PRINT], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    page = (ROOT / "docs" / "cost.md").read_text()
    assert page == done.stdout, "run `python -m benchmarks.cost.run`"
