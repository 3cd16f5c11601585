"""Check the subjects of this branch's commits: at most 72 characters, in the imperative.

    python infra/pipeline/commit_subjects.py [--since REVISION]

Checks the commits since the baseline, when the rule was introduced. If the history does not hold
the baseline (a shallow clone), only the newest commit is checked.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Iterable

BASELINE = "b18248d"
LONGEST = 72
NOT_A_VERB = re.compile(r"^(The|A|An|It|This|That|What|Who|How|Where|When|No|Each|All|Every)\b")
NOT_IMPERATIVE = re.compile(r"^\w+(ed|ing)\b")
VERBS_IN_ED_OR_ING = re.compile(r"^(Bring|Embed|Feed|Need|Seed|Shed|Speed|String|Swing|Wed)\b")


def faults(subject: str) -> list[str]:
    """Return the faults of a subject; an empty list if it is good."""
    found = []
    if len(subject) > LONGEST:
        found.append(f"has {len(subject)} characters, more than {LONGEST}")
    if not subject[:1].isupper():
        found.append("begins in lower case")
    if subject.endswith("."):
        found.append("ends with a full stop")
    imperative = VERBS_IN_ED_OR_ING.match(subject) or not NOT_IMPERATIVE.match(subject)
    if NOT_A_VERB.match(subject) or not imperative:
        found.append("does not begin with a verb in the imperative (Add, Decode, Split, …)")
    return found


def _subjects(since: str) -> Iterable[str]:
    git = ["git", "log", "--no-merges", "--format=%s"]
    known = subprocess.run(
        ["git", "rev-parse", "--verify", "--quiet", f"{since}^{{commit}}"],
        capture_output=True,
        check=False,
    )
    chosen = [f"{since}..HEAD"] if known.returncode == 0 else ["-1"]
    done = subprocess.run([*git, *chosen], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def main() -> int:
    """Print each bad subject with its faults; return 1 if there are any."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--since", default=BASELINE)
    bad = [
        f"{subject!r}: {fault}"
        for subject in _subjects(arguments.parse_args().since)
        for fault in faults(subject)
    ]
    sys.stderr.writelines(f"commit {line}\n" for line in bad)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
