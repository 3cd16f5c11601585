"""The page of the ingestion benchmark."""

# ruff: noqa: E501 - the lines of a page

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.ingestion.picture import draw

CYCLE_GOAL_SECONDS, LAG_GOAL_SECONDS, GOAL_SOURCES = 600, 60, 5_000
"""The goals are for so many sources."""
INTRODUCTION = """\
# Ingestion: thousands of sources

Addresses of real feeds are polled by a real instance (`groundwork up`). Their host names are real, and all of them lead to one server process on loopback: the function Fetch runs as it is, but host names are resolved to 127.0.0.1. https addresses (nine of ten) are answered with TLS and certificates that are checked. The pause of a host is the default (`min_delay_ms` 1,000), robots.txt is asked for and obeyed, and a feed has 8 entries of about 1,300 bytes.

| of 100 hosts | answer |
|---|---|
| 91 | a feed, with an ETag |
| 3 | the same after 2 to 12 seconds, for robots.txt too; Groundwork stops waiting after 10 |
| 2 | 429, Retry-After 120 |
| 2 | 500, 502, 503 or 504 |
| 1 | 301 to another path |
| 1 | HTML instead of a feed |

Server, Postgres, Neo4j, queue emulator and functions share the machine.
"""


def write_report(found: Mapping[str, Any], folder: Path) -> None:
    """Write ingestion.md and ingestion.png from all parts measured so far."""
    lines = [INTRODUCTION]
    for name, write in (("cycle", _cycle), ("peer", _peer), ("steady", _steady), ("day", _day)):
        if name in found:
            lines += write(found)
    lines += [
        "## Again",
        "",
        "    .venv/bin/python -m benchmarks.ingestion --cycle --peer --steady 30 --day",
        "",
        "`--addresses FILE` takes other addresses, one a line; without it and without `GROUNDWORK_SAMPLE_DATA`, host names are made up.",
    ]
    (folder / "ingestion.md").write_text("\n".join(lines) + "\n")
    draw(found, folder / "ingestion.png")


def _where(part: Mapping[str, Any]) -> str:
    measured = part["measured"]
    return f"Measured {measured['on']} on {measured['machine']}; load average of the last 15 minutes {measured['load']}."


def _goal(part: Mapping[str, Any], met: object, seconds: int) -> str:
    """Return a goal and whether it was met, which fewer sources do not show."""
    if part["sources"] < GOAL_SOURCES:
        return f"the goal, {seconds} s, is for {GOAL_SOURCES:,} sources"
    return f"goal {seconds} s: {'met' if met else 'missed'}"


def _costs(part: Mapping[str, Any], cpu: str) -> Iterator[str]:
    yield "| part | CPU seconds | memory at most, MB |"
    yield "|---|---|---|"
    spent, held = part[cpu], part["memory_mb"]
    for name, seconds in sorted(spent.items(), key=lambda item: -item[1]):
        if seconds >= 0.5:
            yield f"| {name} | {seconds:,.1f} | {held.get(name, 0):,} |"
    yield f"| all | {sum(spent.values()):,.1f} | {sum(held.values()):,} |"
    yield f"| (the server of the hosts) | {part['web_cpu']:,.1f} | |"
    yield ""


def _manners(seen: Mapping[str, Any]) -> str:
    shortest = seen["shortest_gap"]
    gap = "" if shortest is None else f", the shortest {shortest:.2f} s"
    return (
        f"Seen by the hosts: {seen['requests']:,} requests ({seen['robots']:,} for robots.txt), at most {seen['most_of_all']} at a time, "
        f"at most **{seen['most_of_one_host']}** of one host; {seen['gaps']:,} pauses between two requests of one host, "
        f"**{seen['short_gaps']:,}** of them under a second{gap}."
    )


def _cycle(found: Mapping[str, Any]) -> list[str]:
    part = found["cycle"]
    polled = part["polled_after"]
    goal = _goal(part, polled is not None and polled < CYCLE_GOAL_SECONDS, CYCLE_GOAL_SECONDS)
    after = f"**{polled:,.0f} s**" if polled else "not"
    rate = part["polled"] / (polled or part["in_graph_after"])
    outcomes = ", ".join(f"{name} {count:,}" for name, count in part["outcomes"].items())
    *_, waiting, behind = part["samples"][-1]
    graph = f"after {part['in_graph_after']:,.0f} s all of them were extracted and in the graph"
    if waiting or behind:
        graph = f"{part['in_graph_after']:,.0f} s after it began, {waiting:,} of them were not extracted and {behind:,} changes not in the graph"
    return [
        "## One cycle: each new source once",
        "",
        _where(part),
        "",
        f"{part['sources']:,} sources were all polled {after} after the import began ({goal}), {rate:.1f} a second. "
        f"{part['documents']:,} documents were stored, and {graph}.",
        "",
        "![progress of a cycle, and lag in the steady state](ingestion.png)",
        "",
        _manners(part["seen"])
        + " A first poll asks for robots.txt, waits for a second and asks for the feed.",
        "",
        f"Outcomes: {outcomes}.",
        "",
        *_costs(part, "cpu"),
    ]


def _peer(found: Mapping[str, Any]) -> list[str]:
    part, cycle = found["peer"], found["cycle"]
    fetch = cycle["cpu_until_polled"].get("function fetch", 0.0)
    pages = cycle["polled"]
    postgres = cycle["cpu_until_polled"].get("PostgreSQL", 0.0)
    return [
        "## A plain program as the peer",
        "",
        f"requests and feedparser in {part['threads']} threads, each feed's entries inserted by psycopg; in the same run, from the same hosts, into the same Postgres. No robots.txt, no pauses, no history, no revisions, no extraction.",
        "",
        "| | peer | Groundwork |",
        "|---|---|---|",
        f"| seconds | {part['seconds']:,.0f} | {cycle['polled_after'] or cycle['in_graph_after']:,.0f} |",
        f"| entries stored | {part['entries']:,} | {cycle['documents']:,} |",
        f"| CPU seconds of the program / of the function Fetch | {part['cpu']:,.1f} | {fetch:,.1f} |",
        f"| **pages per CPU second of it** | **{part['pages'] / part['cpu']:,.1f}** | **{pages / max(fetch, 0.1):,.1f}** |",
        f"| requests per CPU second of it | {part['seen']['requests'] / part['cpu']:,.1f} | {cycle['seen']['requests'] / max(fetch, 0.1):,.1f} |",
        f"| CPU seconds of Postgres until all were polled | {part['postgres_cpu']:,.1f} | {postgres:,.1f} |",
        f"| most requests of one host at a time | {part['seen']['most_of_one_host']} | {cycle['seen']['most_of_one_host']} |",
        f"| pauses of under a second | {part['seen']['short_gaps']} of {part['seen']['gaps']} | {cycle['seen']['short_gaps']} of {cycle['seen']['gaps']} |",
        "",
        "The last line shows that the server sees short pauses. In Groundwork's column, Postgres also serves extraction, queues and the graph, and Fetch asks for robots.txt.",
        "",
    ]


def _steady(found: Mapping[str, Any]) -> list[str]:
    part = found["steady"]
    lag = part["lag_seconds"]
    goal = _goal(part, lag["p95"] < LAG_GOAL_SECONDS, LAG_GOAL_SECONDS)
    rows = [
        f"| {table} | {live:,} | {dead:,} | {size / 2**20:,.1f} |"
        for table, live, dead, size in part["rows"]
    ]
    cores = sum(part["cpu"].values()) / part["seconds"]
    outcomes = ", ".join(f"{name} {count:,}" for name, count in part["outcomes"].items())
    return [
        "## Steady state: each source every 15 minutes",
        "",
        _where(part),
        "",
        f"{part['sources']:,} sources for {part['seconds'] / 60:.0f} minutes, after a cycle; one poll of 20 finds a new entry. **{part['polls_a_minute']} polls a minute**; {part['new_documents']:,} new documents. All of Groundwork took {cores:.2f} cores.",
        "",
        f"Lag, from the time at which a source is due until its poll is recorded: median {lag['p50']} s, 95 of 100 within **{lag['p95']} s** ({goal}), 99 of 100 within {lag['p99']} s, longest {lag['most']} s.",
        "",
        _manners(part["seen"]),
        "",
        f"Outcomes: {outcomes}.",
        "",
        *_costs(part, "cpu"),
        "| table | rows | dead rows | MB |",
        "|---|---|---|---|",
        *rows,
        "",
    ]


def _day(found: Mapping[str, Any]) -> list[str]:
    part = found["day"]
    peak = part["peak_minute"]
    reasons = [
        f"| {name} | {count:,} | {count / part['polls']:.0%} |"
        for name, count in part["reasons"].items()
    ]
    hours = " ".join(f"{count:,}" for count in part["hours"])
    return [
        "## A day of 20,000 sources by the rule of the schedule",
        "",
        f"Simulated: no network and no database, each plan is made by `next_poll`. {part['sources']:,} sources are imported within an hour, and the second day is counted. 85 of 100 have the schedule of an import (adaptive, 15 minutes to a day), 10 every 15 minutes, 5 a cron expression for 7:00 in Berlin. Feeds have an entry each 3 days in the median; half of them show a rhythm, 30 of 100 send max-age, 10 a ttl, 3 fail, 2 answer 429.",
        "",
        f"{part['polls']:,} polls, {part['polls'] / 1_440:,.0f} a minute on average, {part['median_minute']:,} in the median minute, {peak['polls']:,} in the busiest ({peak['at']} UTC, which is 7:00 in Berlin if it is 06:00). A plan takes {part['microseconds_a_plan']} µs.",
        "",
        f"Polls by hour: {hours}.",
        "",
        "| rule that decides the next poll | polls | share |",
        "|---|---|---|",
        *reasons,
        "",
    ]
