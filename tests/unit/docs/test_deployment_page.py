"""Measurements of a deployment write their own section of one page and leave the others alone."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
CHECK = r"""
from benchmarks.deployment.page import replaced
page = "# Deployment\n\nIntro.\n\n## Images\nold\n\n## Compose\nkept\n"
assert replaced(page, "Images", "new\n") == page.replace("old", "new")
assert replaced(page, "Compose", "two\nlines") == page.replace("kept", "two\nlines")
assert replaced(page, "Hosts", "text") == page + "\n## Hosts\ntext\n"
"""


def test_a_measured_section_is_replaced_or_appended() -> None:
    # The repository's root, which holds benchmarks, is not on the tests' import path.
    done = subprocess.run(
        [sys.executable, "-c", CHECK], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
