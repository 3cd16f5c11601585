"""Write docs/cost.md: `python -m benchmarks.cost.run`."""

from pathlib import Path

from benchmarks.cost.model import (
    SIZES,
    Size,
    as_containers,
    as_functions,
    break_even_users,
    shared,
)

PAGE = Path(__file__).parents[2] / "docs" / "cost.md"

HEAD = """\
# What it costs

Written by `python -m benchmarks.cost.run` from the model in benchmarks/cost: change a number there
and run it again. It is arithmetic on list prices of eu-central-1 (benchmarks/cost/prices.py) and on
what our benchmarks measured for one request, one poll and one document (benchmarks/cost/model.py).
Nothing in it was billed: nobody has run Groundwork on AWS for a month. Free tiers, discounts,
support and taxes are left out, and a second stage costs about half of the first again.

A user makes {requests:,} requests a day, is connected for {hours} hours and gets {events:,} live
events. A source is polled {polls} times a day and has {documents:g} new documents; they are kept
for a year.
"""


def page() -> str:
    """Return the text of docs/cost.md."""
    one = SIZES[0]
    parts = [
        HEAD.format(
            requests=one.requests_a_user_day,
            hours=one.socket_hours_a_day,
            events=one.events_a_user_day,
            polls=one.polls_a_source_day,
            documents=one.documents_a_source_day,
        ),
        _totals(),
        *map(_details, SIZES),
        _conclusion(),
    ]
    return "\n".join(parts)


def _totals() -> str:
    rows = [
        "## A month, in US dollars",
        "",
        "| size | users | sources | with Lambda | with containers |",
    ]
    rows.append("|---|---|---|---|---|")
    for size in SIZES:
        base = sum(shared(size).values())
        functions = base + sum(as_functions(size).values())
        containers = base + sum(as_containers(size).values())
        rows.append(
            f"| {size.name} | {size.users:,} | {size.sources:,}"
            f" | {functions:,.0f} | {containers:,.0f} |"
        )
    return "\n".join([*rows, ""])


def _details(size: Size) -> str:
    rows = [
        f"## {size.name.capitalize()}",
        "",
        "| part | with Lambda | with containers |",
        "|---|---|---|",
    ]
    rows += [f"| {name} | {cost:,.0f} | {cost:,.0f} |" for name, cost in shared(size).items()]
    rows += [f"| {name} | {cost:,.0f} | |" for name, cost in as_functions(size).items()]
    rows += [f"| {name} | | {cost:,.0f} |" for name, cost in as_containers(size).items()]
    rows += [
        "",
        f"{size.requests / 1e6:,.1f} M requests, {size.polls / 1e6:,.1f} M polls,"
        f" {size.documents / 1e6:,.2f} M documents;"
        f" {size.stored_gb:,.0f} GB in Postgres after a year.",
    ]
    return "\n".join([*rows, ""])


def _conclusion() -> str:
    return f"""\
## Which one

With 5,000 sources, containers cost less than functions from about {break_even_users():,} users on:
API Gateway's price per request is what grows. Below that, functions cost less and nobody looks
after machines. The databases cost more than all computing in the small and the medium size, so
their class is what to look at first. Both ways run the same handlers: changing from one to the
other changes no code (docs/deployment.md).
"""


if __name__ == "__main__":
    PAGE.write_text(page())
