"""The picture of the ingestion benchmark."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl


def draw(found: Mapping[str, Any], path: Path) -> None:
    """Draw the progress of the cycle, the polls of the steady state, and those of the day."""
    mpl.use("agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after the backend is chosen

    parts = [name for name in ("cycle", "steady", "day") if name in found]
    if not parts:
        return
    figure, axes = plt.subplots(1, len(parts), figsize=(5 * len(parts), 4), squeeze=False)
    for axis, name in zip(axes[0], parts, strict=True):
        part = found[name]
        if name == "cycle":
            times, polled, _, waiting, behind = zip(*part["samples"], strict=True)
            axis.plot(times, polled, label="sources polled")
            axis.set_xlabel("seconds since the import began")
            axis.legend(loc="lower right")
            other = axis.twinx()
            other.plot(times, behind, color="tab:orange")
            other.plot(times, waiting, color="tab:orange", linestyle="dotted")
            other.set_ylabel("changes not yet in the graph; dotted: jobs", color="tab:orange")
            axis.set_title("one cycle")
        elif name == "steady":
            times, polls, longest, *_ = zip(*part["samples"], strict=True)
            minutes = [seconds / 60 for seconds in times]
            axis.plot(minutes, polls, label="polls a minute")
            axis.plot(minutes, longest, label="longest lag of the minute, s")
            axis.set_ylim(bottom=0)
            axis.set_xlabel("minutes")
            axis.legend()
            axis.set_title("steady state")
        else:
            axis.bar(range(24), part["hours"])
            axis.set_xlabel("hour of the day, UTC")
            axis.set_ylabel("polls")
            axis.set_title(f"a day of {part['sources']:,} sources")
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    plt.close(figure)
